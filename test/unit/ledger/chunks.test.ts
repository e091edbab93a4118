import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError } from '../../../shared/errors.ts';
import { toChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import {
  changeChunk,
  listChunks,
  newChunkRow,
  readChunk,
  reissueChunk,
  removeChunks,
} from '../../../shared/ledger/chunks.ts';
import type { ChunkRow } from '../../../shared/ledger/model.ts';
import { toPartsTableRow } from '../../../shared/ledger/parts.ts';
import { aChunkRow, anExportRow } from '../../support/ledgerRows.ts';
import { MemoryTable } from '../../support/memoryStores.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const at = (ms: number): string => new Date(NOW + ms).toISOString();
const { exportId } = anExportRow();

/** A table with the chunks, and a switch that lets writes fail. */
async function ledgerOf(...rows: ChunkRow[]) {
  const faults: { next?: Error } = {};
  const chunks = new MemoryTable('chunks', {
    hook: ({ operation, when }) => {
      const { next } = faults;
      if (next === undefined || operation !== 'replace' || when !== 'before') return;
      delete faults.next;
      throw next;
    },
  });
  for (const row of rows) await chunks.insert(toChunkTableRow(row));
  return { chunks, faults };
}

test('a chunk begins with what the split found, and with nothing done', () => {
  const { chunk, start, end, firstRecord, firstLine, records, sha256 } = aChunkRow();
  const boundary = { chunk, start, end, firstRecord, firstLine, records, sha256 };
  assert.deepEqual(newChunkRow(boundary, anExportRow(), NOW), aChunkRow({ stateAt: at(0) }));
});

test('chunks are listed in order, without the rows of their parts', async () => {
  const numbers = [11, 2, 1];
  const { chunks } = await ledgerOf(
    ...numbers.map((chunk) => aChunkRow({ chunk })),
    aChunkRow({ exportId: 'other' }),
  );
  await chunks.insert(toPartsTableRow(exportId, 2, 0, { parts: [], duplicated: 0, writer: '' }));
  const found = await listChunks(chunks, exportId);
  assert.deepEqual(found.map(({ row }) => row.chunk), [1, 2, 11]); // prettier-ignore
  assert.deepEqual(found[1], await readChunk(chunks, exportId, 2));
  assert.equal(await readChunk(chunks, exportId, 3), undefined);
});

test('a change is made on the newest state, however often another is faster', async () => {
  const { chunks } = await ledgerOf(aChunkRow());
  const more = (row: ChunkRow): ChunkRow => ({ ...row, requests: row.requests + 1 });
  await Promise.all(Array.from({ length: 5 }, () => changeChunk(chunks, aChunkRow(), more)));
  const stored = await readChunk(chunks, exportId, 1);
  assert.equal(stored!.row.requests, 5);
  const changed = await changeChunk(chunks, aChunkRow(), more);
  assert.deepEqual(changed, await readChunk(chunks, exportId, 1));
});

test('nothing is written when nothing is to change, nor for a chunk that is not there', async () => {
  const { chunks, faults } = await ledgerOf(aChunkRow());
  const before = await readChunk(chunks, exportId, 1);
  assert.deepEqual(await changeChunk(chunks, aChunkRow(), () => undefined), before);
  assert.equal(await changeChunk(chunks, aChunkRow({ chunk: 9 }), (row) => row), undefined);
  assert.equal(chunks.version, 1);
  faults.next = new Error('storage is out');
  await assert.rejects(
    changeChunk(chunks, aChunkRow(), (row) => row),
    { message: 'storage is out' },
  );
});

test('removing the chunks of an export takes their parts along and leaves other exports alone', async () => {
  const { chunks } = await ledgerOf(aChunkRow(), aChunkRow({ chunk: 2 }), aChunkRow({ exportId: 'other' }));
  await chunks.insert(toPartsTableRow(exportId, 2, 0, { parts: [], duplicated: 0, writer: '' }));
  await removeChunks(chunks, exportId);
  assert.deepEqual(chunks.rows().map(({ row }) => row.partitionKey), ['other']); // prettier-ignore
});

const pinned = anExportRow({
  state: 'queued',
  source: { container: 'exports', name: 'healthcare/a.csv', snapshot: 's' },
});

/** Reissue the chunk as said; what the queue was given, and what the ledger then says. */
async function reissued(
  row: ChunkRow,
  { change, delayMs, fault }: { change?: Partial<ChunkRow>; delayMs?: number; fault?: Error } = {},
) {
  const { chunks, faults } = await ledgerOf(row);
  const sent: { message: unknown; delayMs: number | undefined; issues: number }[] = [];
  const queue = {
    send: async (message: object, delay?: number) => {
      const { issues } = (await readChunk(chunks, exportId, 1))!.row;
      sent.push({ message, delayMs: delay, issues });
    },
  };
  const stored = (await readChunk(chunks, exportId, 1))!;
  if (fault !== undefined) faults.next = fault;
  const services = { chunks, queue, now: NOW } as unknown as Parameters<typeof reissueChunk>[0];
  const done = reissueChunk(services, pinned, stored, change, delayMs);
  return { done, sent, now: async () => (await readChunk(chunks, exportId, 1))!.row };
}

test('a reissue is in the ledger before its message is in the queue', async () => {
  const { done, sent, now } = await reissued(aChunkRow({ issues: 2 }));
  assert.equal(await done, true);
  assert.deepEqual(sent.map(({ issues, delayMs }) => [issues, delayMs]), [[3, 0]]); // prettier-ignore
  assert.deepEqual(await now(), aChunkRow({ issues: 3, issuedAt: at(0) }));
});

test('a delayed message counts from when it will be seen, and takes a change along', async () => {
  const change = { state: 'waiting', parkings: 4 } as const;
  const { done, sent, now } = await reissued(aChunkRow(), { change, delayMs: 5_000 });
  assert.equal(await done, true);
  assert.deepEqual(sent.map(({ delayMs }) => delayMs), [5_000]); // prettier-ignore
  assert.deepEqual(await now(), aChunkRow({ ...change, issues: 1, issuedAt: at(5_000) }));
});

test('a chunk called before it is due is due by then; one that was due stays so', async () => {
  const early = await reissued(aChunkRow({ state: 'waiting', dueAt: at(60_000) }), { delayMs: 1_000 });
  await early.done;
  assert.equal((await early.now()).dueAt, at(1_000));
  const late = await reissued(aChunkRow({ state: 'waiting', dueAt: at(-60_000) }));
  await late.done;
  assert.equal((await late.now()).dueAt, at(-60_000));
});

test('a chunk that is final or was changed meanwhile gets no message', async () => {
  for (const state of ['delivered', 'failed'] as const) {
    const { done, sent } = await reissued(aChunkRow({ state }));
    assert.deepEqual([await done, sent], [false, []]);
  }
  const { done, sent } = await reissued(aChunkRow(), { fault: new ConflictError('changed') });
  assert.deepEqual([await done, sent], [false, []]);
});

test('a ledger out of reach is told, and no message goes out', async () => {
  const { done, sent } = await reissued(aChunkRow(), { fault: new Error('storage is out') });
  await assert.rejects(done, { message: 'storage is out' });
  assert.deepEqual(sent, []);
});
