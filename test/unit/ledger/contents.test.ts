import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimContent } from '../../../shared/ledger/contents.ts';
import { insertExport } from '../../../shared/ledger/exports.ts';
import type { ExportRow } from '../../../shared/ledger/model.ts';
import { anExportRow } from '../../support/ledgerRows.ts';
import { MemoryTable, type FaultHook } from '../../support/memoryStores.ts';

const first = anExportRow({ exportId: 'first' });
const second = anExportRow({ exportId: 'second' });

/** The content `sha`, held by the export `first` that is as said. */
async function claimed(change: Partial<ExportRow>, hook?: FaultHook) {
  const tables = {
    contents: new MemoryTable('contents', hook && { hook }),
    exports: new MemoryTable('exports'),
  };
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

test('an export that ended without a record accepted gives its content up, any other keeps it', async () => {
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
  const tables = { contents: new MemoryTable('contents'), exports: new MemoryTable('exports') };
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
