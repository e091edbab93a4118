import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELD, FieldTable, fieldText, splitFields } from '../../../shared/schema/fields.ts';
import type { Dialect } from '../../../shared/export/types.ts';

const CSV: Dialect = { delimiter: ',', quote: '"' };

type Split = { raw: string; content: string; flags: string[] };

function split(record: string, dialect = CSV): Split[] {
  const bytes = Buffer.from(`before${record}after`, 'latin1');
  const table = new FieldTable(10);
  const count = splitFields(bytes, 6, bytes.length - 5, dialect, table);
  const all = Object.entries(FIELD).map(([name, bit]) => [name, bit] as const);
  return Array.from({ length: count }, (_, i) => ({
    raw: bytes.toString('latin1', table.rawStart(i), table.rawEnd(i)),
    content: bytes.toString('latin1', table.starts[i], table.ends[i]),
    flags: all.filter(([, bit]) => (table.flags[i]! & bit) !== 0).map(([name]) => name),
  }));
}

const CASES: [record: string, ...fields: [raw: string, content: string, ...flags: string[]][]][] = [
  ['', ['', '']],
  ['\r\n', ['', '']],
  ['a,b\r\n', ['a', 'a'], ['b', 'b']],
  ['a,\n', ['a', 'a'], ['', '']],
  ['"a,b"', ['"a,b"', 'a,b', 'quoted']],
  ['""\n', ['""', '', 'quoted']],
  ['"a""b\nc\r"\n', ['"a""b\nc\r"', 'a""b\nc\r', 'quoted', 'escaped']],
  ['"a"b,c\n', ['"a"b', '"a"b', 'quoted', 'stray'], ['c', 'c']],
  ['5" x\n', ['5" x', '5" x', 'stray']],
  ['a\rb,"c\rd"\n', ['a\rb', 'a\rb', 'control'], ['"c\rd"', 'c\rd', 'quoted']],
  ['\x00,\x7f,\t\n', ['\x00', '\x00', 'control'], ['\x7f', '\x7f', 'control'], ['\t', '\t']],
  ['"\x1b",\xe9\n', ['"\x1b"', '\x1b', 'quoted', 'control'], ['\xe9', '\xe9', 'high']],
];
for (const [record, ...fields] of CASES) {
  test(`the fields of ${JSON.stringify(record)}`, () => {
    assert.deepEqual(
      split(record),
      fields.map(([raw, content, ...flags]) => ({ raw, content, flags })),
    );
  });
}

test('without quoting a quote is nothing special', () => {
  assert.deepEqual(split('"a\t"b""\n', { delimiter: '\t', quote: null }), [
    { raw: '"a', content: '"a', flags: [] },
    { raw: '"b""', content: '"b""', flags: [] },
  ]);
});

test('fields past the capacity are counted, not kept, and their bits are not lost', () => {
  const table = new FieldTable(1);
  const bytes = Buffer.from('a,b,\x01\n');
  assert.equal(splitFields(bytes, 0, bytes.length, CSV, table), 3);
  assert.equal(fieldText(bytes, table, 0), 'a');
  assert.equal(table.seen, FIELD.control);
});

test('what no scanner lets through, an open quote, is stray and harms nothing', () => {
  const table = new FieldTable(2);
  const bytes = Buffer.from('x,"ab');
  assert.equal(splitFields(bytes, 0, bytes.length, CSV, table), 2);
  assert.equal(table.flags[1], FIELD.quoted | FIELD.stray);
  assert.equal(table.ends[1], bytes.length);
  assert.equal(typeof fieldText(bytes, table, 1), 'string');
});
