import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { ExportRejectedError } from '../../../shared/errors.ts';
import { exportDigest } from '../../../shared/export/digest.ts';
import { FieldTable, fieldText, splitFields } from '../../../shared/schema/fields.ts';
import { RecordGatherer } from '../../../shared/export/records.ts';
import { BoundaryScanner } from '../../../shared/export/scanner.ts';
import type { Dialect, ScanCheckpoint } from '../../../shared/export/types.ts';
import { CSV_CORPUS, type CsvCase } from '../../support/csvCorpus.ts';
import { readWithCsvParse } from '../../support/csvOracle.ts';

const CSV: Dialect = { delimiter: ',', quote: '"' };
const START: ScanCheckpoint = {
  offset: 0,
  records: 0,
  line: 1,
  chunks: 0,
  utf8: { wellFormed: false, malformed: false },
};

const dialectOf = ({ delimiter = ',', unquoted }: CsvCase): Dialect => ({
  delimiter,
  quote: unquoted ? null : '"',
});

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function fieldsOf(bytes: Buffer, size: number, dialect: Dialect): string[][] {
  const gatherer = new RecordGatherer({ dialect, maxRecordBytes: 1000, offset: 0, firstLine: 1 });
  const table = new FieldTable(20);
  const records: string[][] = [];
  const collect = (
    blocks: Iterable<ReturnType<typeof gatherer.end> extends Iterable<infer B> ? B : never>,
  ) => {
    for (const block of blocks) {
      for (let i = 0; i < block.count; i++) {
        const count = splitFields(block.bytes, block.starts[i]!, block.ends[i]!, dialect, table);
        records.push(Array.from({ length: count }, (_, field) => fieldText(block.bytes, table, field)));
      }
    }
  };
  for (const piece of pieces(bytes, size)) collect(gatherer.write(piece));
  collect(gatherer.end());
  return records;
}

describe('the corpus of CSV edge cases', () => {
  for (const example of CSV_CORPUS) {
    test(example.name, () => {
      const bytes = Buffer.from(example.text);
      const dialect = dialectOf(example);
      const oracle = readWithCsvParse(bytes, dialect);
      for (const size of [1, 2, 3, 1000]) {
        if ('neverClosed' in example) {
          assert.throws(() => fieldsOf(bytes, size, dialect), {
            name: 'ExportRejectedError',
            reason: { ...quoteReason(bytes, size, dialect), line: example.neverClosed },
          });
          assert.equal(oracle.neverClosed, example.neverClosed);
        } else {
          assert.deepEqual(fieldsOf(bytes, size, dialect), example.records);
          const read = oracle.records.map(({ fields }) => fields.map(({ value }) => utf8(value)));
          assert.deepEqual(read, example.records);
        }
      }
    });
  }
});

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');

function quoteReason(bytes: Buffer, size: number, dialect: Dialect): ExportRejectedError['reason'] {
  try {
    fieldsOf(bytes, size, dialect);
  } catch (error) {
    assert.ok(error instanceof ExportRejectedError);
    assert.equal(error.reason.code, 'QUOTE_NEVER_CLOSED');
    return error.reason;
  }
  throw new Error('expected a quote never closed');
}

test('chunks lie without gaps, carry their digest, and the last may be short', () => {
  const text = 'a\n"b\nb"\r\n\nc,\xff\nd';
  const bytes = Buffer.from(text, 'latin1');
  const scanner = new BoundaryScanner({
    dialect: CSV,
    chunkRecords: 2,
    from: { ...START, offset: 7, line: 2 },
  });
  const sha256 = (from: number, to: number): string =>
    createHash('sha256').update(bytes.subarray(from, to)).digest('hex');

  const chunks = [...scanner.write(bytes), scanner.end()];

  assert.deepEqual(chunks, [
    { chunk: 1, start: 7, end: 16, firstRecord: 1, firstLine: 2, records: 2, sha256: sha256(0, 9) },
    { chunk: 2, start: 16, end: 22, firstRecord: 3, firstLine: 5, records: 2, sha256: sha256(9, 15) },
  ]);
  assert.equal(scanner.records, 4);
  assert.deepEqual(scanner.census, { wellFormed: false, malformed: true });
  assert.deepEqual(scanner.checkpoint, {
    offset: 22,
    records: 4,
    line: 7,
    chunks: 2,
    utf8: { wellFormed: false, malformed: true },
  });
});

test('blank lines behind a full last chunk belong to none, and an export of blank lines has no chunk', () => {
  const full = new BoundaryScanner({ dialect: CSV, chunkRecords: 1, from: START });
  assert.equal(full.write(Buffer.from('a\n\r\n\n'))[0]?.end, 2);
  assert.equal(full.end(), undefined);
  const blank = new BoundaryScanner({ dialect: CSV, chunkRecords: 1, from: START });
  assert.deepEqual(blank.write(Buffer.from('\n\r\n')), []);
  assert.equal(blank.end(), undefined);
});

test('the digest of an export depends on header, records and their order, and on nothing else', () => {
  const [a, b] = ['a', 'b'].map((text) => createHash('sha256').update(text).digest('hex')) as [
    string,
    string,
  ];
  const digest = exportDigest(Buffer.from('h\n'), [a, b]);
  assert.equal(exportDigest(Buffer.from('h\n'), [a, b].values()), digest);
  assert.notEqual(exportDigest(Buffer.from('h\n'), [b, a]), digest);
  assert.notEqual(exportDigest(Buffer.from('H\n'), [a, b]), digest);
  assert.match(digest, /^[0-9a-f]{64}$/);
});
