import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError } from '../../../shared/errors.ts';
import { readChunk } from '../../../shared/ledger/chunks.ts';
import { toChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import { giveUpChunk } from '../../../shared/ledger/giveUp.ts';
import type { ChunkRow } from '../../../shared/ledger/model.ts';
import { readParts, toPartsTableRow, type Part } from '../../../shared/ledger/parts.ts';
import { aChunkRow } from '../../support/ledgerRows.ts';
import { MemoryTable } from '../../support/memoryStores.ts';

const REASON = { code: 'CANCELLED', cause: 'An operator cancelled the export.', cure: 'Replay it.' };
const NOW = Date.UTC(2026, 10, 21, 6);
const { exportId } = aChunkRow();

const part = (from: number, to: number, state: Part['state']): Part => ({
  from,
  to,
  state,
  sent: state === 'u' ? 0 : to - from,
  gap: 0,
});

/** A chunk under way: batch 0 accepted, batch 1 in parts of which one was accepted, batch 2 settled in parts. */
async function underWay(): Promise<MemoryTable> {
  const chunks = new MemoryTable('chunks');
  const row = { state: 'pushing', owner: 'a', records: 30, batches: 'aSp', accepted: 18 } as const;
  await chunks.insert(toChunkTableRow(aChunkRow({ ...row, possiblyDuplicated: 1 })));
  const parts = [part(11, 15, 'a'), part(15, 18, 's'), part(18, 21, 'u')];
  await chunks.insert(toPartsTableRow(exportId, 1, 1, { parts, duplicated: 4, writer: 'a' }));
  const settled = [part(21, 29, 'a'), part(29, 31, 'r')];
  await chunks.insert(toPartsTableRow(exportId, 1, 2, { parts: settled, duplicated: 8, writer: 'a' }));
  return chunks;
}

const figures = ({ state, batches, accepted, quarantined, failed, possiblyDuplicated }: ChunkRow) => ({
  state,
  batches,
  accepted,
  quarantined,
  failed,
  possiblyDuplicated,
});

test('what parts of an unsettled batch achieved is in the figures of a chunk given up, once', async () => {
  const chunks = await underWay();
  const given = await giveUpChunk(chunks, aChunkRow(), REASON, NOW);
  const expected = {
    state: 'failed',
    batches: 'app',
    accepted: 22,
    quarantined: 0,
    failed: 8,
    possiblyDuplicated: 5,
  };
  assert.deepEqual(figures(given!.row), expected);
  const again = await giveUpChunk(chunks, aChunkRow(), REASON, NOW + 1);
  assert.deepEqual(figures(again!.row), expected);
});

test('parts left by somebody who lost the chunk before one of them went out are not counted', async () => {
  const chunks = await underWay();
  const { row, etag } = (await readChunk(chunks, exportId, 1))!;
  await chunks.replace(toChunkTableRow({ ...row, batches: 'asp' }), etag);
  const given = await giveUpChunk(chunks, aChunkRow(), REASON, NOW);
  assert.deepEqual(
    [given!.row.batches, given!.row.accepted, given!.row.failed, given!.row.possiblyDuplicated],
    ['asp', 18, 12, 1],
  );
});

test('whoever pushes the chunk can change neither its row nor its parts after they were counted', async () => {
  const chunks = await underWay();
  const before = (await readParts(chunks, exportId, 1)).get(1)!;
  const chunk = (await readChunk(chunks, exportId, 1))!;
  await giveUpChunk(chunks, aChunkRow(), REASON, NOW);
  await assert.rejects(
    chunks.replace(toPartsTableRow(exportId, 1, 1, before.row), before.etag),
    ConflictError,
  );
  await assert.rejects(chunks.replace(toChunkTableRow(chunk.row), chunk.etag), ConflictError);
  assert.equal((await readParts(chunks, exportId, 1)).get(1)!.row.writer, '');
});

test('a part settled while the chunk is being given up is counted', async () => {
  const chunks = await underWay();
  let raced = false;
  const racing = new Proxy(chunks, {
    get(target, name) {
      if (name === 'replace' && !raced) {
        return async (...args: Parameters<MemoryTable['replace']>) => {
          raced = true;
          const { row, etag } = (await readParts(target, exportId, 1)).get(1)!;
          const parts = [part(11, 18, 'a'), part(18, 21, 'u')];
          await target.replace(toPartsTableRow(exportId, 1, 1, { ...row, parts }), etag);
          return target.replace(...args);
        };
      }
      const method = Reflect.get(target, name, target) as (...args: unknown[]) => unknown;
      return method.bind(target);
    },
  });
  const given = await giveUpChunk(racing, aChunkRow(), REASON, NOW);
  assert.equal(given!.row.accepted, 25);
});
