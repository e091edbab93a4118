import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aBook, ATTEMPT, FIRST, SECOND, WHOLE } from '../../support/batchBook.ts';

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

test('an attempt of which no request began is not counted, as a whole or in pieces', async () => {
  for (const stretch of [WHOLE, FIRST]) {
    const { book, stored } = await aBook({ requests: 4, retries: 2 });
    const attempt = { records: 5, resend: false, repeated: true };
    await book.sending(stretch, attempt);
    book.withdrawn(stretch, attempt);
    await book.sending(stretch, ATTEMPT);
    book.withdrawn(stretch, ATTEMPT);
    await book.flush();
    const { requests, retries } = await stored();
    assert.deepEqual([requests, retries], [4, 2]);
  }
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
