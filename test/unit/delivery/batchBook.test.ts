import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBook } from '../../../shared/delivery/batchBook.ts';
import { claimChunk } from '../../../shared/delivery/claim.ts';
import { toChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import { readChunk } from '../../../shared/ledger/chunks.ts';
import type { ChunkRow } from '../../../shared/ledger/model.ts';
import { aChunkRow } from '../../support/ledgerRows.ts';
import { MemoryTable } from '../../support/memoryStores.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const ATTEMPT = { records: 5, resend: false, repeated: false };

/** The book of a chunk of 10 records in one batch, and a switch that keeps writes of parts from ever ending. */
async function aBook(): Promise<{
  book: BatchBook;
  stored: () => Promise<ChunkRow>;
  stall: (on: boolean) => void;
}> {
  const clock = new VirtualClock();
  let stalled = false;
  const never = new Promise<void>(() => undefined);
  let partsNext = false;
  const chunks = new MemoryTable('chunks', {
    hook: ({ when, operation }) =>
      stalled && partsNext && operation === 'replace' && when === 'before' ? never : undefined,
  });
  const watched = new Proxy(chunks, {
    get(target, name) {
      const method = Reflect.get(target, name, target) as unknown;
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        partsNext = JSON.stringify(args).includes('c000001.b0000');
        return (method as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const etag = await chunks.insert(toChunkTableRow(aChunkRow({ records: 10 })));
  const options = { chunks: watched, clock, owner: 'me', recordsPerRequest: 10 };
  const writer = await claimChunk({ row: aChunkRow({ records: 10 }), etag }, { ...options, claimMs: 60_000 });
  const book = new BatchBook({ ...options, writer: writer!, parts: new Map() });
  const { exportId } = aChunkRow();
  return {
    book,
    stored: async () => (await readChunk(chunks, exportId, 1))!.row,
    stall: (on) => (stalled = on),
  };
}

test('a batch in parts joins the figures of its chunk when the ledger has all its parts, not before', async () => {
  const { book, stored, stall } = await aBook();
  const first = { batch: 0, from: 1, to: 6 };
  const second = { batch: 0, from: 6, to: 11 };
  await book.sending(first, ATTEMPT);
  await book.sending(second, ATTEMPT);
  await book.accepted(first, 5, 0);
  stall(true);
  // Asked for, but a crash may still lose it.
  void book.accepted(second, 5, 0);
  await book.settle(0);
  assert.equal((await stored()).accepted, 0);
  assert.equal(book.letter(0), 's');
});

test('two pieces that end at once count once', async () => {
  const { book, stored } = await aBook();
  const pieces = [
    { batch: 0, from: 1, to: 6 },
    { batch: 0, from: 6, to: 11 },
  ];
  await Promise.all(pieces.map((piece) => book.sending(piece, ATTEMPT)));
  await Promise.all(pieces.map((piece) => book.accepted(piece, 5, 0)));
  await book.settle(0);
  const { accepted, batches } = await stored();
  assert.deepEqual([accepted, batches], [10, 'p']);
});

test('a resend after an unknown outcome is counted in the write that marks it, an attempt that was refused is not', async () => {
  const { book, stored } = await aBook();
  const whole = { batch: 0, from: 1, to: 11 };
  await book.sending(whole, { records: 10, resend: false, repeated: false });
  book.notSent(whole);
  await book.sending(whole, { records: 10, resend: false, repeated: true });
  assert.equal((await stored()).possiblyDuplicated, 0);
  await book.sending(whole, { records: 10, resend: true, repeated: true });
  const { possiblyDuplicated, requests, retries } = await stored();
  assert.deepEqual([possiblyDuplicated, requests, retries], [10, 3, 2]);
});

test('refusals that are forgotten take their batch out of the figures again, what was accepted stays', async () => {
  const { book, stored } = await aBook();
  const good = { batch: 0, from: 1, to: 10 };
  const bad = { batch: 0, from: 10, to: 11 };
  await book.sending(good, { ...ATTEMPT, records: 9 });
  await book.accepted(good, 9, 0);
  await book.refuse(bad, 1);
  assert.equal((await stored()).accepted, 9);
  assert.equal(book.refusedAlone, 1);
  await book.forgetRefusals();
  const { accepted, batches } = await stored();
  assert.deepEqual([accepted, batches, book.refusedAlone], [0, 's', 0]);
  assert.deepEqual(
    book.parts(0)!.map(({ from, to, state }) => `${from}-${to}${state}`),
    ['1-10a', '10-11u'],
  );
});
