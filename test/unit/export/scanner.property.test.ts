import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ExportRejectedError } from '../../../shared/errors.ts';
import { FieldTable, fieldText, splitFields } from '../../../shared/schema/fields.ts';
import { RecordGatherer } from '../../../shared/export/records.ts';
import { BoundaryScanner } from '../../../shared/export/scanner.ts';
import type { ChunkBoundary, Dialect, ScanCheckpoint } from '../../../shared/export/types.ts';
import { buffers, csvInputs } from '../../support/csvInputs.ts';
import { readWithCsvParse, type Oracle } from '../../support/csvOracle.ts';

/** `PROPERTY_CASES=1000000` for the long run; a failure prints its seed and path. */
const CASES = Number(process.env['PROPERTY_CASES'] ?? 100_000);

const START: ScanCheckpoint = {
  offset: 0,
  records: 0,
  line: 1,
  chunks: 0,
  utf8: { wellFormed: false, malformed: false },
};

function scan(
  bytes: Buffer,
  cuts: readonly number[],
  dialect: Dialect,
  chunkRecords: number,
  from: ScanCheckpoint,
): { boundaries: ChunkBoundary[]; checkpoints: ScanCheckpoint[]; scanner: BoundaryScanner } {
  const scanner = new BoundaryScanner({ dialect, chunkRecords, from });
  const boundaries: ChunkBoundary[] = [];
  const checkpoints: ScanCheckpoint[] = [];
  for (const buffer of buffers(bytes.subarray(from.offset), cuts)) {
    const found = scanner.write(buffer);
    boundaries.push(...found);
    if (found.length > 0) checkpoints.push(scanner.checkpoint);
  }
  const last = scanner.end();
  if (last !== undefined) boundaries.push(last);
  return { boundaries, checkpoints, scanner };
}

function expectedBoundaries(bytes: Buffer, { records }: Oracle, chunkRecords: number): ChunkBoundary[] {
  const boundaries: ChunkBoundary[] = [];
  let start = 0;
  for (let first = 0; first < records.length; first += chunkRecords) {
    const run = records.slice(first, first + chunkRecords);
    const end = run.length === chunkRecords ? run.at(-1)!.end : bytes.length;
    boundaries.push({
      chunk: boundaries.length + 1,
      start,
      end,
      firstRecord: first + 1,
      firstLine: bytes.subarray(0, start).toString('latin1').split('\n').length,
      records: run.length,
      sha256: createHash('sha256').update(bytes.subarray(start, end)).digest('hex'),
    });
    start = end;
  }
  return boundaries;
}

function neverClosedLine(action: () => unknown): number | undefined {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ExportRejectedError)) throw error;
    assert.equal(error.reason.code, 'QUOTE_NEVER_CLOSED');
    return error.reason.line;
  }
  return undefined;
}

type Read = {
  start: number;
  end: number;
  line: number;
  fields: { value: string; start: number; end: number }[];
};

function read(
  bytes: Buffer,
  cuts: readonly number[],
  options: { dialect: Dialect; maxRecordBytes: number; blockBytes: number },
): Read[] {
  const table = new FieldTable(200);
  const gatherer = new RecordGatherer({ ...options, offset: 0, firstLine: 1 });
  const records: Read[] = [];
  const collect = (blocks: ReturnType<RecordGatherer['end']>): void => {
    for (const block of blocks) {
      let skipped = 0;
      for (let i = 0; i < block.count; i++) {
        const [from, to, line] = [block.starts[i]!, block.ends[i]!, block.lines[i]!];
        if (block.oversize[i] === 1) {
          assert.equal(from, to);
          records.push({ ...block.oversizeRanges[skipped++]!, line, fields: [] });
          continue;
        }
        const fieldCount = splitFields(block.bytes, from, to, options.dialect, table);
        records.push({
          start: block.offset + from,
          end: block.offset + to,
          line,
          fields: Array.from({ length: fieldCount }, (_, field) => ({
            value: fieldText(block.bytes, table, field),
            start: block.offset + table.rawStart(field),
            end: block.offset + table.rawEnd(field),
          })),
        });
      }
      assert.equal(skipped, block.oversizeRanges.length);
    }
  };
  for (const buffer of buffers(bytes, cuts)) collect(gatherer.write(buffer));
  collect(gatherer.end());
  return records;
}

function expectedReads({ records }: Oracle, maxRecordBytes: number): Read[] {
  return records.map(({ start, end, line, fields }) => ({
    start,
    end,
    line,
    fields:
      end - start > maxRecordBytes
        ? []
        : fields.map((field) => ({ ...field, value: Buffer.from(field.value, 'latin1').toString('utf8') })),
  }));
}

test('scanner, record reader and field splitter agree with csv-parse on every input, however it is cut', () => {
  fc.assert(
    fc.property(csvInputs, ({ dialect, text, cuts, chunkRecords, blockBytes, maxRecordBytes }) => {
      const bytes = Buffer.from(text.replaceAll('D', dialect.delimiter), 'latin1');
      const oracle = readWithCsvParse(bytes, dialect);
      const scanAll = () => scan(bytes, cuts, dialect, chunkRecords, START);
      const readAll = () => read(bytes, cuts, { dialect, maxRecordBytes, blockBytes });
      if (oracle.neverClosed !== undefined) {
        assert.equal(neverClosedLine(scanAll), oracle.neverClosed);
        assert.equal(neverClosedLine(readAll), oracle.neverClosed);
        return;
      }
      const { boundaries, checkpoints, scanner } = scanAll();
      assert.deepEqual(boundaries, expectedBoundaries(bytes, oracle, chunkRecords));
      assert.equal(scanner.records, oracle.records.length);
      assert.deepEqual(readAll(), expectedReads(oracle, maxRecordBytes));
      for (const checkpoint of checkpoints) {
        const resumed = scan(bytes, cuts, dialect, chunkRecords, checkpoint);
        assert.deepEqual(resumed.boundaries, boundaries.slice(checkpoint.chunks));
        assert.deepEqual(resumed.scanner.census, scanner.census);
        assert.deepEqual(resumed.scanner.checkpoint, scanner.checkpoint);
      }
    }),
    { numRuns: CASES },
  );
});
