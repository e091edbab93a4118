import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, constantFrom, integer, property, array, tuple } from 'fast-check';
import { freshBatches, withLetter, batchRange, allSettled } from '../../../shared/ledger/batches.ts';
import {
  fromPartsTableRow,
  tallyOf,
  toPartsTableRow,
  unsentPart,
  withPart,
  type Part,
} from '../../../shared/ledger/parts.ts';

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
