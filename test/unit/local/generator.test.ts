import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { parseDefects } from '../../../local/generator/defects.ts';
import { DELIMITERS, generateExport, type GenerateOptions } from '../../../local/generator/generator.ts';

const textOf = (options: GenerateOptions): string =>
  Buffer.concat([...generateExport(options)]).toString('utf8');
const recordsOf = (options: GenerateOptions): string[][] =>
  parse(textOf(options), {
    delimiter: DELIMITERS[options.format ?? 'csv'],
    relax_column_count: true,
    relax_quotes: true,
  });

test('the same seed gives the same bytes, another seed gives others', () => {
  assert.equal(textOf({ records: 500, seed: 7 }), textOf({ records: 500, seed: 7 }));
  assert.notEqual(textOf({ records: 500, seed: 7 }), textOf({ records: 500, seed: 8 }));
});

for (const format of ['csv', 'psv', 'tsv'] as const) {
  test(`a ${format} export has a header and the records asked for, each with 24 fields`, () => {
    const rows = recordsOf({ records: 2000, format });
    assert.equal(rows.length, 2001);
    assert.deepEqual(new Set(rows.map((row) => row.length)), new Set([24]));
    assert.ok(
      rows.some((row) => row.some((field) => field.includes('\n'))),
      'has line breaks inside quotes',
    );
    assert.ok(
      rows.some((row) => row.some((field) => field.includes('"'))),
      'has doubled quotes',
    );
  });
}

test('defects come in the number or the share asked for', () => {
  const rows = recordsOf({
    records: 1000,
    defects: parseDefects('bad-time:3,column-count:2,missing-value:10%'),
  }).slice(1);
  assert.equal(rows.filter(([time]) => time === 'yesterday noon').length, 3);
  assert.equal(rows.filter((row) => row.length === 25).length, 2);
  const missing = rows.filter((row) => row[6] === '').length;
  assert.ok(missing > 60 && missing < 140, `about a tenth, got ${missing}`);
});

test('a defect that is not known is named with those that are', () => {
  assert.throws(() => parseDefects('bad-luck:2'), /bad-time.*got "bad-luck:2"/);
});
