import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, constantFrom, integer, property, array, tuple } from 'fast-check';
import { freshBatches, withLetter, batchRange, allSettled } from '../../../shared/ledger/batches.ts';
import {
  fromPartsTableRow,
  readParts,
  tallyOf,
  toPartsTableRow,
  unsentPart,
  withPart,
  type BatchParts,
  type Part,
} from '../../../shared/ledger/parts.ts';
import { MemoryTable } from '../../support/memoryStores.ts';

const LAST = 64;
const change = tuple(
  integer({ min: 1, max: LAST }),
  integer({ min: 1, max: LAST }),
  constantFrom('u', 's', 'a', 'r', 'h'),
)
  .filter(([from, to]) => from < to)
  .map(([from, to, state]): Part => ({ from, to, state, sent: 0, gap: 0 }) as Part);

test('whatever is changed in whatever order, the parts cover the batch without holes, and say what was said last', () => {
  check(
    property(array(change, { maxLength: 20 }), (changes) => {
      let parts: readonly Part[] = [unsentPart(1, LAST)];
      const last = Array.from({ length: LAST }, () => 'u');
      for (const part of changes) {
        parts = withPart(parts, part);
        last.fill(part.state, part.from, part.to);
      }
      let at = 1;
      for (const { from, to, state } of parts) {
        assert.equal(from, at);
        for (let number = from; number < to; number++) assert.equal(state, last[number]);
        at = to;
      }
      assert.equal(at, LAST);
    }),
  );
});

test('accepted neighbours become one, those with a gap stay apart, and all of it survives the ledger', () => {
  let parts: readonly Part[] = [unsentPart(1, 11)];
  const accepted = (from: number, to: number, gap = 0): Part => ({
    from,
    to,
    state: 'a',
    sent: to - from,
    gap,
  });
  for (const part of [accepted(1, 4), accepted(4, 6), accepted(6, 9, 2)]) parts = withPart(parts, part);
  parts = withPart(parts, { from: 9, to: 11, state: 'r', sent: 1, gap: 0 });
  assert.deepEqual(
    parts.map(({ from, to, state }) => `${from}-${to}${state}`),
    ['1-6a', '6-9a', '9-11r'],
  );
  const value = { parts, duplicated: 5, writer: 'me' };
  assert.deepEqual(tallyOf(value), { accepted: 6, failed: 2, refused: 1, possiblyDuplicated: 5 });
  assert.deepEqual(fromPartsTableRow(toPartsTableRow('e', 1, 3, value)), value);
});

test('batches are cut by record number, the last one shorter', () => {
  assert.equal(freshBatches(12, 5), 'uuu');
  assert.deepEqual(batchRange({ firstRecord: 101, records: 12 }, 5, 2), { from: 111, to: 113 });
  assert.equal(withLetter('uuu', 1, 'a'), 'uau');
  assert.ok(allSettled('arp'));
  for (const letter of 'ushd') assert.ok(!allSettled(`a${letter}`));
});

test('the parts of a chunk are found by batch, those of its neighbours are not', async () => {
  const chunks = new MemoryTable('chunks');
  const value = (writer: string): BatchParts => ({ parts: [unsentPart(1, 3)], duplicated: 0, writer });
  for (const [chunk, batch, writer] of [
    [1, 0, 'a'],
    [2, 0, 'b'],
    [2, 12, 'c'],
    [20, 0, 'd'],
  ] as const)
    await chunks.insert(toPartsTableRow('e', chunk, batch, value(writer)));
  const found = await readParts(chunks, 'e', 2);
  assert.deepEqual(
    [...found].map(([batch, { row }]) => [batch, row]),
    [
      [0, value('b')],
      [12, value('c')],
    ],
  );
  const { etag } = (await chunks.get('e', 'c000002.b0012'))!;
  assert.equal(found.get(12)!.etag, etag);
});

test('a row of something else is not taken for parts', () => {
  assert.throws(
    () => fromPartsTableRow({ partitionKey: 'e', rowKey: 'c000001' }),
    /no number in column duplicated/u,
  );
  assert.throws(
    () => fromPartsTableRow({ partitionKey: 'e', rowKey: 'c000001', duplicated: 1 }),
    /no string in column writer/u,
  );
  assert.deepEqual(
    fromPartsTableRow({ partitionKey: 'e', rowKey: 'r', duplicated: 1, writer: 'w' }).parts,
    [],
  );
});

test('a stretch not tried yet has nothing sent and nothing missing', () => {
  assert.deepEqual(unsentPart(3, 5), { from: 3, to: 5, state: 'u', sent: 0, gap: 0 });
});

test('only accepted and refused neighbours join: what is sending or held stays a request of its own', () => {
  for (const [state, joined] of [
    ['a', 1],
    ['r', 1],
    ['s', 2],
    ['h', 2],
    ['u', 2],
  ] as const) {
    // prettier-ignore
    const parts = [
      { from: 1, to: 3, state, sent: 2, gap: 0 },
      { from: 3, to: 5, state, sent: 1, gap: 0 },
    ];
    const next = withPart([parts[0]!, unsentPart(3, 5)], parts[1]!);
    assert.deepEqual(next, joined === 2 ? parts : [{ from: 1, to: 5, state, sent: 3, gap: 0 }]);
  }
});

test('a stretch that no part covers yet has its place between the others', () => {
  const [a, b, c] = [unsentPart(1, 3), unsentPart(3, 5), unsentPart(5, 7)];
  assert.deepEqual(withPart([], b), [b]);
  assert.deepEqual(withPart([a], b), [a, b]);
  assert.deepEqual(withPart([c], b), [b, c]);
  assert.deepEqual(withPart([a, c], b), [a, b, c]);
});

test('what was not saved stays apart from accepted neighbours on both sides, and counts as failed, never as refused', () => {
  const accepted = (from: number, to: number, gap: number): Part => ({ from, to, state: 'a', sent: 2, gap });
  const parts = [accepted(1, 3, 1), accepted(3, 5, 0), accepted(5, 7, 1)];
  let next: readonly Part[] = [unsentPart(1, 7)];
  for (const part of parts) next = withPart(next, part);
  assert.deepEqual(next, parts);
  const open = [...parts, { ...unsentPart(7, 9), state: 's', sent: 2 } as const];
  assert.deepEqual(tallyOf({ parts: open, duplicated: 0, writer: '' }), {
    accepted: 4,
    failed: 2,
    refused: 0,
    possiblyDuplicated: 0,
  });
});
