import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimContent, contentHolder } from '../../../shared/ledger/contents.ts';
import { toChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import { changeExport, insertExport } from '../../../shared/ledger/exports.ts';
import type { ChunkRow, ExportRow } from '../../../shared/ledger/model.ts';
import { toPartsTableRow, type Part } from '../../../shared/ledger/parts.ts';
import { aChunkRow, anExportRow } from '../../support/ledgerRows.ts';
import { MemoryTable, type FaultHook } from '../../support/memoryStores.ts';

const first = anExportRow({ exportId: 'first' });
const second = anExportRow({ exportId: 'second' });

const newTables = (hook?: FaultHook) => ({
  contents: new MemoryTable('contents', hook && { hook }),
  exports: new MemoryTable('exports'),
  chunks: new MemoryTable('chunks'),
});

/** The content `sha`, held by the export `first` that is as said. */
async function claimed(change: Partial<ExportRow>, hook?: FaultHook) {
  const tables = newTables(hook);
  await insertExport(tables.exports, { ...first, ...change });
  assert.equal(await claimContent(tables, first, 'sha'), undefined);
  return tables;
}

test('the first export has the content, and still has it when it asks again', async () => {
  const tables = await claimed({});
  assert.equal(await claimContent(tables, first, 'sha'), undefined);
  assert.equal(await claimContent(tables, second, 'sha'), 'first');
  assert.equal(await claimContent(tables, second, 'other'), undefined);
});

test('the same content of another connector is another', async () => {
  const tables = await claimed({});
  assert.equal(await claimContent(tables, { ...second, connectorKey: 'radiology' }, 'sha'), undefined);
});

test('an export that ended without a record accepted gives its content up, unless one may have arrived', async () => {
  const cases: [Pick<ExportRow, 'state' | 'accepted'>, givesUp: boolean][] = [
    [{ state: 'splitting', accepted: 0 }, false],
    [{ state: 'queued', accepted: 0 }, false],
    [{ state: 'pushing', accepted: 0 }, false],
    [{ state: 'completed', accepted: 3 }, false],
    [{ state: 'completedWithRefusals', accepted: 0 }, false],
    [{ state: 'rejected', accepted: 0 }, true],
    [{ state: 'duplicate', accepted: 0 }, true],
    ...(['cancelled', 'failed', 'sourceLost'] as const).flatMap(
      (state): [Pick<ExportRow, 'state' | 'accepted'>, boolean][] => [
        [{ state, accepted: 0 }, true],
        [{ state, accepted: 1 }, false],
      ],
    ),
  ];
  for (const [change, givesUp] of cases) {
    const tables = await claimed(change);
    const holder = await claimContent(tables, second, 'sha');
    assert.equal(holder, givesUp ? undefined : 'first', JSON.stringify(change));
    // What was given up is the other's from then on.
    if (givesUp)
      assert.equal((await tables.contents.get(first.connectorKey, 'sha'))!.row['exportId'], 'second');
  }
});

const part = (state: Part['state'], gap = 0): Part => ({ from: 1, to: 6, state, sent: 5, gap });

test('an export of which the service may have had a record keeps its content, though none was accepted', async () => {
  const cases: [what: string, chunk: Partial<ChunkRow>, parts: Part[], duplicated: number, keeps: boolean][] =
    [
      ['never claimed', { batches: '' }, [], 0, false],
      ['nothing sent', { batches: 'uur' }, [], 0, false],
      ['refused as a whole, in parts', { batches: 'S' }, [part('u'), part('r')], 0, false],
      ['parts of somebody who lost the chunk', { batches: 'u' }, [part('s')], 0, false],
      ['a request without an answer', { batches: 'us' }, [], 0, true],
      ['one that is held', { batches: 'uh' }, [], 0, true],
      ['one that was to be sent again', { batches: 'd' }, [], 0, true],
      ['one that was resent, then refused', { batches: 'u', possiblyDuplicated: 5 }, [], 0, true],
      ['a part without an answer', { batches: 'p' }, [part('u'), part('s')], 0, true],
      ['a part that was resent, then refused', { batches: 'S' }, [part('r')], 5, true],
      ['a part of which nothing was saved', { batches: 'p' }, [part('a', 5)], 0, true],
    ];
  for (const [what, chunk, parts, duplicated, keeps] of cases) {
    const tables = await claimed({ state: 'failed' });
    const { exportId } = first;
    await tables.chunks.insert(toChunkTableRow(aChunkRow({ exportId, chunk: 1, batches: 'u' })));
    await tables.chunks.insert(toChunkTableRow(aChunkRow({ exportId, chunk: 2, ...chunk })));
    if (parts.length > 0)
      await tables.chunks.insert(toPartsTableRow(exportId, 2, 0, { parts, duplicated, writer: '' }));
    assert.equal(await claimContent(tables, second, 'sha'), keeps ? 'first' : undefined, what);
  }
});

test('whoever found a content given up does not get it once its export has it again', async () => {
  const tables = await claimed({ state: 'cancelled' });
  let raced = false;
  const racing = {
    ...tables,
    exports: {
      get: async (...keys: Parameters<MemoryTable['get']>) => {
        const found = await tables.exports.get(...keys);
        if (!raced) {
          raced = true;
          await changeExport(tables.exports, first, (row) => ({ ...row, state: 'pushing' }));
          assert.equal(await claimContent(tables, first, 'sha'), undefined);
        }
        return found;
      },
    },
  };
  assert.equal(await claimContent(racing, second, 'sha'), 'first');
  assert.equal(await contentHolder(tables, second, 'sha'), 'first');
  assert.equal(await contentHolder(tables, first, 'sha'), undefined);
});

test('an export that the ledger no longer knows holds nothing', async () => {
  const tables = await claimed({});
  assert.equal(
    await claimContent({ ...tables, exports: new MemoryTable('exports') }, second, 'sha'),
    undefined,
  );
});

test('an export that is sent again on purpose takes the content over', async () => {
  const tables = await claimed({ state: 'completed', accepted: 3 });
  assert.equal(await claimContent(tables, { ...second, again: true }, 'sha'), undefined);
  await insertExport(tables.exports, second);
  assert.equal(await claimContent(tables, anExportRow({ exportId: 'third' }), 'sha'), 'second');
});

test('of two exports that claim at once one has the content', async () => {
  const tables = newTables();
  await Promise.all([first, second].map((row) => insertExport(tables.exports, row)));
  const holders = await Promise.all([first, second].map((row) => claimContent(tables, row, 'sha')));
  assert.equal(holders.filter((holder) => holder === undefined).length, 1);
});

test('a ledger out of reach is no claim', async () => {
  let broken = false;
  const tables = await claimed({ state: 'rejected' }, ({ operation }) => {
    if (broken && operation === 'replace') throw new Error('storage is out');
  });
  broken = true;
  await assert.rejects(claimContent(tables, second, 'sha'), { message: 'storage is out' });
});
