import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBook } from '../../../shared/delivery/batchBook.ts';
import { claimChunk } from '../../../shared/delivery/claim.ts';
import { FencedError } from '../../../shared/delivery/faultKinds.ts';
import { toChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import { readChunk } from '../../../shared/ledger/chunks.ts';
import type { BatchLetter } from '../../../shared/ledger/batches.ts';
import type { ChunkRow } from '../../../shared/ledger/model.ts';
import { readParts, toPartsTableRow, type BatchParts, type Part } from '../../../shared/ledger/parts.ts';
import { aChunkRow } from '../../support/ledgerRows.ts';
import { MemoryTable } from '../../support/memoryStores.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const ATTEMPT = { records: 5, resend: false, repeated: false };

const WHOLE = { batch: 0, from: 1, to: 11 };
const FIRST = { batch: 0, from: 1, to: 6 };
const SECOND = { batch: 0, from: 6, to: 11 };
const part = (from: number, to: number, state: BatchLetter, sent: number): Part => ({ from, to, state, sent, gap: 0 }); // prettier-ignore

/** The book of a chunk of 10 records in one batch, and a switch that keeps writes of parts from ever ending. */
async function aBook(
  change: Partial<ChunkRow> = {},
  left?: BatchParts,
): Promise<{
  book: BatchBook;
  stored: () => Promise<ChunkRow>;
  /** From, to, letter and records of each part in the ledger. */
  storedParts: () => Promise<string[]>;
  stall: (on: boolean) => void;
  /** The next write of parts is done, and its answer lost. */
  loseAnswer: () => void;
  chunks: MemoryTable;
  clock: VirtualClock;
}> {
  const clock = new VirtualClock();
  let stalled = false;
  let losing = false;
  const never = new Promise<void>(() => undefined);
  let partsNext = false;
  const chunks = new MemoryTable('chunks', {
    hook: ({ when, operation }) => {
      if (!partsNext || operation !== 'replace') return undefined;
      if (losing && when === 'after') {
        losing = false;
        throw new Error('the answer was lost');
      }
      return stalled && when === 'before' ? never : undefined;
    },
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
  const row = aChunkRow({ records: 10, ...change });
  const etag = await chunks.insert(toChunkTableRow(row));
  if (left !== undefined) await chunks.insert(toPartsTableRow(row.exportId, 1, 0, left));
  const options = { chunks: watched, clock, owner: 'me', recordsPerRequest: 10 };
  const writer = await claimChunk({ row, etag }, { ...options, claimMs: 60_000 });
  const { exportId } = row;
  const book = new BatchBook({ ...options, writer: writer!, parts: await readParts(chunks, exportId, 1) });
  return {
    book,
    stored: async () => (await readChunk(chunks, exportId, 1))!.row,
    storedParts: async () => {
      const parts = (await readParts(chunks, exportId, 1)).get(0)!.row.parts;
      return parts.map(({ from, to, state, sent }) => `${from}-${to}${state}${sent}`);
    },
    stall: (on) => (stalled = on),
    loseAnswer: () => (losing = true),
    chunks,
    clock,
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
  assert.equal(book.letter(0), 'S');
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
  assert.deepEqual([accepted, batches, book.refusedAlone], [0, 'S', 0]);
  assert.deepEqual(
    book.parts(0)!.map(({ from, to, state }) => `${from}-${to}${state}`),
    ['1-10a', '10-11u'],
  );
});

test('a batch that goes out as one request is a letter in the row of its chunk', async () => {
  const { book, stored } = await aBook();
  assert.equal(book.letter(0), 'u');
  assert.equal(book.anyAccepted, false);
  await book.sending(WHOLE, { ...ATTEMPT, records: 10 });
  assert.equal((await stored()).batches, 's');
  await book.accepted(WHOLE, 10, 0);
  const { batches, accepted, failed, requests, retries, possiblyDuplicated } = await stored();
  assert.deepEqual([batches, accepted, failed], ['a', 10, 0]);
  assert.deepEqual([requests, retries, possiblyDuplicated], [1, 0, 0]);
  assert.equal(book.parts(0), undefined);
  assert.equal(book.anyAccepted, true);
  assert.equal(book.refusedAlone, 0);
});

test('a whole batch of which nothing is left to send is refused, one whose outcome is unknown can be held', async () => {
  for (const [act, letter] of [
    ['nothingToSend', 'r'],
    ['hold', 'h'],
  ] as const) {
    const { book, stored } = await aBook();
    await book[act](WHOLE);
    assert.deepEqual([(await stored()).batches, book.parts(0)], [letter, undefined]);
  }
});

test('what was not sent is unsent again with the next write', async () => {
  const { book, stored } = await aBook();
  await book.sending(WHOLE, { ...ATTEMPT, records: 10 });
  book.notSent(WHOLE);
  assert.equal(book.letter(0), 'u');
  await book.flush();
  assert.equal((await stored()).batches, 'u');
});

test('a batch in pieces says of each what became of it, and is settled by the last', async () => {
  const { book, stored, storedParts } = await aBook();
  book.split(WHOLE);
  await book.sending(FIRST, { records: 4, resend: false, repeated: true });
  assert.deepEqual(await storedParts(), ['1-6s4', '6-11u0']);
  assert.equal((await stored()).batches, 'S');
  await book.accepted(FIRST, 4, 0);
  assert.equal(book.anyAccepted, true);
  await book.sending(SECOND, { records: 5, resend: true, repeated: true });
  book.notSent(SECOND);
  await book.flush();
  assert.deepEqual(await storedParts(), ['1-6a4', '6-11u0']);
  await book.sending(SECOND, { records: 5, resend: false, repeated: true });
  await book.refuse(SECOND, 5);
  assert.deepEqual(await storedParts(), ['1-6a4', '6-11r5']);
  const { batches, accepted, requests, retries, possiblyDuplicated } = await stored();
  assert.deepEqual([batches, accepted, requests, retries, possiblyDuplicated], ['p', 4, 3, 3, 5]);
  assert.equal(book.refusedAlone, 5);
});

test('a piece without a record to send, and one that is held, end it too', async () => {
  const { book, stored, storedParts } = await aBook();
  await book.nothingToSend(FIRST);
  assert.deepEqual(await storedParts(), ['1-6r0', '6-11u0']);
  assert.equal((await stored()).batches, 'u');
  await book.sending(SECOND, ATTEMPT);
  await book.hold(SECOND);
  assert.deepEqual(await storedParts(), ['1-6r0', '6-11h0']);
  const { batches, accepted } = await stored();
  assert.deepEqual([batches, accepted], ['H', 0]);
});

test('records that the service says it did not save are failed, and named by a part', async () => {
  const { book, stored, storedParts } = await aBook();
  await book.sending(WHOLE, { ...ATTEMPT, records: 10 });
  await book.accepted(WHOLE, 10, 3);
  const { batches, accepted, failed } = await stored();
  assert.deepEqual([batches, accepted, failed], ['p', 7, 3]);
  assert.deepEqual(await storedParts(), ['1-11a10']);
});

test('a record refused alone is a part of its batch from then on', async () => {
  const { book, stored, storedParts } = await aBook();
  await book.sending(WHOLE, { ...ATTEMPT, records: 10 });
  await book.refuse(WHOLE, 10);
  assert.deepEqual(await storedParts(), ['1-11r10']);
  assert.deepEqual([(await stored()).batches, (await stored()).accepted], ['p', 0]);
});

test('parts that an earlier invocation left are taken up when the chunk says that the batch goes out in parts, and only then', async () => {
  const left = { parts: [part(1, 6, 'a', 5), part(6, 11, 's', 5)], duplicated: 0, writer: 'earlier' };
  for (const [letter, taken] of [
    ['S', true],
    ['D', true],
    ['H', true],
    ['p', true],
    ['u', false],
    ['s', false],
    ['d', false],
    ['h', false],
    ['a', false],
    ['r', false],
  ] as const) {
    // prettier-ignore
    const { book } = await aBook({ batches: letter }, left);
    assert.deepEqual(book.parts(0), taken ? left.parts : undefined, letter);
    assert.equal(book.anyAccepted, taken, letter);
  }
  const { book } = await aBook({ batches: 'S' }, { ...left, parts: [part(1, 6, 'r', 5), part(6, 11, 's', 5)] }); // prettier-ignore
  assert.equal(book.anyAccepted, false);
});

test('a piece whose answer from the ledger was lost is in the ledger once', async () => {
  const { book, storedParts, loseAnswer, clock } = await aBook();
  await book.sending(FIRST, ATTEMPT);
  loseAnswer();
  let settled = false;
  const accepted = book.accepted(FIRST, 5, 0).then(() => (settled = true));
  assert.ok(await clock.run(() => settled, 1_000));
  await accepted;
  await book.accepted(SECOND, 5, 0);
  assert.deepEqual(await storedParts(), ['1-11a10']);
});

test('who took the chunk over has its parts: a late write of them fails', async () => {
  const { book, storedParts, chunks } = await aBook();
  await book.sending(FIRST, ATTEMPT);
  const { exportId } = aChunkRow();
  const { row, etag } = (await readParts(chunks, exportId, 1)).get(0)!;
  await chunks.replace(toPartsTableRow(exportId, 1, 0, { ...row, writer: 'another' }), etag);
  await assert.rejects(book.accepted(FIRST, 5, 0), FencedError);
  assert.deepEqual(await storedParts(), ['1-6s5', '6-11u0']);
});

test('a batch whose parts were all settled when the process died is settled by the next', async () => {
  const parts = [part(1, 6, 'a', 5), part(6, 11, 'r', 5)];
  const { book, stored } = await aBook({ batches: 'S' }, { parts, duplicated: 2, writer: 'earlier' });
  await book.settle(0);
  await book.settle(0);
  const { batches, accepted, possiblyDuplicated } = await stored();
  assert.deepEqual([batches, accepted, possiblyDuplicated], ['p', 5, 2]);
});

test('a batch with a part under way is not settled', async () => {
  for (const state of ['s', 'u', 'd'] as const) {
    const parts = [part(1, 6, 'a', 5), part(6, 11, state, 5)];
    const { book, stored } = await aBook({ batches: 'S' }, { parts, duplicated: 0, writer: 'earlier' });
    await book.settle(0);
    assert.deepEqual([(await stored()).batches, (await stored()).accepted], ['S', 0]);
  }
  const { book, stored } = await aBook({ batches: 's' });
  await book.settle(0);
  assert.equal((await stored()).batches, 's');
});

test('refusals by validation are not forgotten with those of the service', async () => {
  const parts = [part(1, 3, 'r', 0), part(3, 6, 'r', 3), part(6, 11, 'a', 5)];
  const { book, stored } = await aBook(
    { batches: 'p', accepted: 5, possiblyDuplicated: 4 },
    { parts, duplicated: 4, writer: 'earlier' },
  );
  await book.forgetRefusals();
  assert.deepEqual(book.parts(0), [parts[0], part(3, 6, 'u', 0), parts[2]]);
  const { batches, accepted, possiblyDuplicated } = await stored();
  assert.deepEqual([batches, accepted, possiblyDuplicated], ['S', 0, 0]);
  assert.equal(book.refusedAlone, 0);

  const none = await aBook({ batches: 'p', accepted: 5 }, { parts: [parts[0]!, part(3, 11, 'a', 5)], duplicated: 0, writer: 'earlier' }); // prettier-ignore
  await none.book.forgetRefusals();
  assert.deepEqual([(await none.stored()).batches, (await none.stored()).accepted], ['p', 5]);
});

test('refusals of a batch still under way are forgotten without touching the figures', async () => {
  const parts = [part(1, 6, 'r', 5), part(6, 11, 's', 5)];
  const { book, stored } = await aBook({ batches: 'S' }, { parts, duplicated: 0, writer: 'earlier' });
  await book.forgetRefusals();
  assert.deepEqual(book.parts(0), [part(1, 6, 'u', 0), parts[1]]);
  assert.deepEqual([(await stored()).batches, (await stored()).accepted], ['S', 0]);
});

test('a crash while refusals are being forgotten leaves a batch that is only to be settled', async () => {
  const parts = [part(1, 6, 'r', 5), part(6, 11, 'a', 5)];
  const left = { parts, duplicated: 3, writer: 'earlier' };
  const { book, stored, storedParts, stall } = await aBook({ batches: 'p', accepted: 5, possiblyDuplicated: 3 }, left); // prettier-ignore
  stall(true);
  void book.forgetRefusals();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.deepEqual(await storedParts(), ['1-6r5', '6-11a5']);
  const { batches, accepted, possiblyDuplicated } = await stored();
  assert.deepEqual([batches, accepted, possiblyDuplicated], ['S', 0, 0]);
  // Nor does it settle by what is to be forgotten.
  await book.settle(0);
  assert.equal((await stored()).batches, 'S');

  const next = await aBook(await stored(), left);
  await next.book.settle(0);
  const settled = await next.stored();
  assert.deepEqual([settled.batches, settled.accepted, settled.possiblyDuplicated], ['p', 5, 3]);
});

test('parts of somebody who lost the chunk before they went out are replaced by those of its owner', async () => {
  const late = { parts: [part(1, 6, 's', 5), part(6, 11, 'u', 0)], duplicated: 0, writer: 'earlier' };
  const { book, stored, storedParts } = await aBook({ batches: 's' }, late);
  assert.equal(book.parts(0), undefined);
  book.split(WHOLE);
  await book.sending(SECOND, ATTEMPT);
  assert.deepEqual(await storedParts(), ['1-6u0', '6-11s5']);
  assert.equal((await stored()).batches, 'S');
});
