import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { array, assert as check, constantFrom, property } from 'fast-check';
import { scanRecords } from '../../../local/simulator/records.ts';

const recordsOf = (text: string): string[] => {
  const part = Buffer.from(text);
  const records: string[] = [];
  const count = scanRecords(part, (start, end) => records.push(part.subarray(start, end).toString()));
  assert.equal(count, records.length);
  return records;
};

for (const [what, text, expected] of [
  ['nothing', '', []],
  ['no last line end', 'a,b\n1,2', ['a,b', '1,2']],
  ['mixed line ends and blank lines', 'a,b\r\n\r\n1,2\n\n3,4\r\n', ['a,b', '1,2', '3,4']],
  [
    'line breaks and doubled quotes in quotes',
    'a|b\n"1\n""x""\n"|2\n3|4\n',
    ['a|b', '"1\n""x""\n"|2', '3|4'],
  ],
  ['a stray quote inside a field', 'a,b\n5" disk,2\n3,4\n', ['a,b', '5" disk,2', '3,4']],
  [
    'tabs and no quoting',
    'a\tb\n"Ward 3" east\t2\n"open\t4\nO"B\t6\n',
    ['a\tb', '"Ward 3" east\t2', '"open\t4', 'O"B\t6'],
  ],
  ['tabs and quoting', 'a\tb\r\n"1\r\n"\t"2"\r\n3\t4', ['a\tb', '"1\r\n"\t"2"', '3\t4']],
  ['a quote never closed', 'a,b\n"1,2\n3,4\n', ['a,b', '"1,2\n3,4\n']],
] as const) {
  test(`scanRecords: ${what}`, () => assert.deepEqual(recordsOf(text), expected));
}

test('scanRecords counts what csv-parse counts in well-formed text', () => {
  const field = constantFrom('', 'x', '"q"', '"a,b"', '"a\nb"', '"a""b"', '""', '"\r\n"', 'é');
  const record = array(field, { minLength: 2, maxLength: 2 }).map((fields) => `y,${fields.join(',')}`);
  check(
    property(array(record, { maxLength: 20 }), constantFrom('\n', '\r\n'), (records, lineEnd) => {
      const text = `a,b,c${lineEnd}${records.map((line) => line + lineEnd).join('')}`;
      assert.equal(scanRecords(Buffer.from(text)), parse(text, { record_delimiter: ['\n', '\r\n'] }).length);
    }),
    { seed: 7, numRuns: 300 },
  );
});
