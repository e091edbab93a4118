import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter } from '../../../shared/connector/retryAfter.ts';

const NOW = Date.parse('2026-11-21T08:00:00Z');
const LAST_INSTANT = Date.parse('9999-12-31T00:00:00Z');

const CASES: readonly [string | undefined, string | undefined, number | undefined][] = [
  [undefined, undefined, undefined],
  ['', undefined, undefined],
  ['0', undefined, 0],
  ['2', undefined, 2000],
  [' 120 ', undefined, 120_000],
  ['-1', undefined, undefined],
  ['1.5', undefined, undefined],
  ['1e3', undefined, undefined],
  ['soon', undefined, undefined],
  ['5184000', undefined, 60 * 86_400_000],
  // What no date of the ledger could name.
  ['99999999999999999999', undefined, LAST_INSTANT - NOW],
  ['Sat, 21 Nov 2026 08:00:30 GMT', undefined, 30_000],
  ['Sat, 21 Nov 2026 07:00:00 GMT', undefined, 0],
  ['Sat, 21 Nov 2036 08:00:00 GMT', undefined, Date.parse('2036-11-21T08:00:00Z') - NOW],
  ['Fri, 31 Dec 9999 23:59:59 GMT', undefined, LAST_INSTANT - NOW],
  ['2026-11-21T08:00:30Z', undefined, undefined],
  ['Sat, 21 Nov 2026 99:00:30 GMT', undefined, undefined],
  ['x Sat, 21 Nov 2026 08:00:30 GMT', undefined, undefined],
  ['Sat, 21 Nov 2026 08:00:30 GMT+2', undefined, undefined],
  // The far end's clock is two hours ahead: what counts is the distance on that clock.
  ['Sat, 21 Nov 2026 10:00:05 GMT', 'Sat, 21 Nov 2026 10:00:00 GMT', 5000],
  ['Sat, 21 Nov 2026 10:00:05 GMT', ' Sat, 21 Nov 2026 10:00:00 GMT ', 5000],
  ['Sat, 21 Nov 2026 08:00:05 GMT', 'garbage', 5000],
];

for (const [value, date, expected] of CASES) {
  test(`Retry-After ${String(value)}${date ? ` with Date ${date}` : ''} is ${String(expected)} ms`, () => {
    assert.equal(parseRetryAfter(value, date, NOW), expected);
  });
}
