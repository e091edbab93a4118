import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import iconv from 'iconv-lite';
import type { Dialect, OutputPlan, PinnedEncoding } from '../../../shared/export/types.ts';
import { planHeader, planOutput } from '../../../shared/schema/planning.ts';
import { RecordWriter } from '../../../shared/schema/rewrite.ts';
import { decodeWindows1252 } from '../../../shared/schema/windows1252.ts';
import { HEADER_COLUMNS } from '../../support/healthcare.ts';
import { aPlan, COMMA, mapped } from '../../support/judging.ts';

const SEMICOLON: Dialect = { delimiter: ';', quote: '"' };

function rewrite(
  record: Buffer,
  { output = { kind: 'verbatim' }, dialect = COMMA, encoding = 'utf-8', columns = 3 }: {
    output?: OutputPlan; dialect?: Dialect; encoding?: PinnedEncoding; columns?: number;
  }, // prettier-ignore
): string {
  const validation = { ...aPlan(HEADER_COLUMNS), columns };
  const writer = new RecordWriter({ output, encoding, dialect, validation });
  const out = Buffer.alloc(5 + writer.maxLength(record.length), '#');
  const padded = Buffer.concat([Buffer.from('<<'), record, Buffer.from('>>')]);
  const end = writer.write(padded, 2, 2 + record.length, out, 5);
  assert.ok(end <= out.length);
  return out.toString('utf8', 5, end);
}

const toComma: OutputPlan = { kind: 'rewrite', delimiter: ',', keep: [0, 1, 2] };

describe('RecordWriter', () => {
  test('copies a record as it came', () => {
    for (const record of ['a,"b ""c""",d\r\n', 'a,b,c\n', 'a,b,c'])
      assert.equal(rewrite(Buffer.from(record), {}), record);
  });

  for (const [from, to] of [
    ['a;b;c\r\n', 'a,b,c\r\n'],
    ['a;"b;b";c\n', 'a,"b;b",c\n'],
    ['1,5;2,5;"3,5"', '"1,5","2,5","3,5"'],
    ['a;5" x 3,2";c\n', 'a,"5"" x 3,2""",c\n'],
    ['a;5";c\n', 'a,5",c\n'],
    [';;\n', ',,\n'],
    ['a;"b\r\nc";\r\n', 'a,"b\r\nc",\r\n'],
  ] as const)
    test(`${JSON.stringify(from)} becomes ${JSON.stringify(to)}`, () =>
      assert.equal(rewrite(Buffer.from(from), { output: toComma, dialect: SEMICOLON }), to));

  test('without quoting, what a reader would take for quotes is quoted', () => {
    const dialect: Dialect = { delimiter: ';', quote: null };
    assert.equal(rewrite(Buffer.from('"a;b;c"\n'), { output: toComma, dialect }), '"""a",b,"c"""\n');
  });

  test('leaves columns out', () => {
    const output: OutputPlan = { kind: 'rewrite', delimiter: '|', keep: [1, 2] };
    assert.equal(
      rewrite(Buffer.from('7|"a|b"|c\n'), { output, dialect: { delimiter: '|', quote: '"' } }),
      '"a|b"|c\n',
    );
  });

  test('values stay the same whatever the delimiter, for every record', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ',', ';', '"', '\r\n', ' ', 'é'), maxLength: 8 });
    const field = value.map((text) => (/[;"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text));
    const options = { record_delimiter: ['\r\n', '\n'], relax_quotes: true };
    fc.assert(
      fc.property(fc.array(field, { minLength: 3, maxLength: 3 }), (fields) => {
        const record = `${fields.join(';')}\r\n`;
        const written = rewrite(Buffer.from(record), { output: toComma, dialect: SEMICOLON });
        assert.deepEqual(parse(written, options), parse(record, { ...options, delimiter: ';' }));
      }),
      { numRuns: 2000 },
    );
  });

  test('turns Windows-1252 into UTF-8, quoted anew or not', () => {
    const assigned = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => ![0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte)); // prettier-ignore
    const all = Buffer.from(assigned);
    assert.equal(rewrite(all, { encoding: 'windows-1252' }), iconv.decode(all, 'windows-1252'));
    assert.equal(decodeWindows1252(all), iconv.decode(all, 'windows-1252'));
    assert.equal(decodeWindows1252(Buffer.from([0x81])), '\x81');
    const record = Buffer.from('Z\xfcrich;1,5 \x80;x\n', 'latin1');
    const written = rewrite(record, { output: toComma, dialect: SEMICOLON, encoding: 'windows-1252' });
    assert.equal(written, 'Zürich,"1,5 €",x\n');
  });
});

describe('planning the output', () => {
  const plain = mapped(HEADER_COLUMNS);

  test('records go out as they came unless the connector could not read them', () => {
    for (const delimiter of [',', '|', '\t'] as const)
      assert.deepEqual(planOutput(plain, { delimiter, quote: '"' }), { kind: 'verbatim' });
    const output = planOutput(plain, SEMICOLON);
    assert.deepEqual(output, { kind: 'rewrite', delimiter: ',', keep: [...HEADER_COLUMNS.keys()] });
    const dropped = planOutput(mapped(['record number', 'line number', 'codes', ...HEADER_COLUMNS]), COMMA);
    assert.equal(dropped.kind === 'rewrite' && dropped.keep[0], 3);
  });

  test('the header goes out as it came, with a line end', () => {
    assert.equal(planHeader('a,"b"\r\n', plain, {}, COMMA, { kind: 'verbatim' }), 'a,"b"\r\n');
    assert.equal(planHeader('a,b', plain, {}, COMMA, { kind: 'verbatim' }), 'a,b\n');
  });

  test('a header made anew has the names of its columns, or of their fields', () => {
    const columns = [...HEADER_COLUMNS.slice(1), 'access, "time"'];
    const mapping = { columns: { 'Creation Time': 'access, "time"' } };
    const found = mapped(columns, mapping);
    const output = planOutput(found, SEMICOLON);
    const rest = HEADER_COLUMNS.slice(1).join(',');
    assert.equal(planHeader('x\r\n', found, mapping, SEMICOLON, output), `${rest},"access, ""time"""\r\n`);
    assert.equal(
      planHeader('x\n', found, { ...mapping, rename: true }, COMMA, { kind: 'verbatim' }),
      `${rest},Creation Time\n`,
    );
  });
});
