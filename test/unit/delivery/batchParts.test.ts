import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FencedError } from '../../../shared/delivery/faultKinds.ts';
import { readParts, toPartsTableRow } from '../../../shared/ledger/parts.ts';
import { aBook, ATTEMPT, FIRST, part, SECOND, WHOLE } from '../../support/batchBook.ts';
import { aChunkRow } from '../../support/ledgerRows.ts';

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
