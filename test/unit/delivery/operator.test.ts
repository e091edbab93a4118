import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperationError, parseOperation } from '../../../shared/delivery/operator.ts';

const ID = 'ab'.repeat(16);
const parse = (value: unknown): unknown => parseOperation(value, ['healthcare', 'badging']);

test('what is not said is a replay of the whole connector', () => {
  assert.deepEqual(parse({ connector: 'badging' }), { action: 'replay', connector: 'badging' });
  assert.deepEqual(parse({ action: 'cancel', connector: 'healthcare', export: ID }), {
    action: 'cancel',
    connector: 'healthcare',
    export: ID,
  });
  // Of a connector that is no longer set up.
  assert.deepEqual(parse({ action: 'cancel', connector: 'former', export: ID }), {
    action: 'cancel',
    connector: 'former',
    export: ID,
  });
  const all = { action: 'cancel', connector: 'healthcare', export: 'all' };
  assert.deepEqual(parse(all), all);
  assert.deepEqual(parse({ action: 'pause', connector: 'healthcare' }), {
    action: 'pause',
    connector: 'healthcare',
  });
  assert.deepEqual(parse({ connector: 'healthcare', export: ID, chunk: 3 }), {
    action: 'replay',
    connector: 'healthcare',
    export: ID,
    chunk: 3,
  });
});

for (const [what, value, words] of [
  ['nothing', undefined, /"connector".*healthcare, badging/],
  ['an unknown connector', { connector: 'x' }, /"connector"/],
  ['a pause of one', { action: 'pause', connector: 'x' }, /"connector"/],
  [
    'a cancel of what can be no connector',
    { action: 'cancel', connector: 'Jane Doe', export: ID },
    /"connector"/,
  ],
  [
    'an unknown action',
    { action: 'drop', connector: 'healthcare' },
    /"action".*replay, pause, resume, cancel/,
  ],
  ['an export id that is a path', { connector: 'healthcare', export: '../x' }, /"export".*32 hex digits/],
  ['a chunk without an export', { connector: 'healthcare', chunk: 1 }, /"export".*chunk/],
  [
    'a cancel of one chunk, which is none of the whole export',
    { action: 'cancel', connector: 'healthcare', export: ID, chunk: 2 },
    /"cancel" takes "connector", "export" and nothing else/,
  ],
  [
    'a pause of one export, which is none of the whole connector',
    { action: 'pause', connector: 'healthcare', export: ID },
    /"pause" takes "connector" and nothing else/,
  ],
  ['a part by another name', { connector: 'healthcare', exportId: ID }, /"replay" takes/],
  ['a chunk that is none', { connector: 'healthcare', export: ID, chunk: 0 }, /"chunk"/],
  ['a cancel that names none', { action: 'cancel', connector: 'healthcare' }, /"export".*or "all"/],
  ['a replay of "all"', { connector: 'healthcare', export: 'all' }, /"export".*32 hex digits/],
] as const) {
  test(`${what} is refused, and what is possible is named`, () => {
    assert.throws(
      () => parse(value),
      (error) => error instanceof OperationError && words.test(error.message),
    );
  });
}
