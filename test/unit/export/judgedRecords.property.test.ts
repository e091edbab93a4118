import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ExportRejectedError } from '../../../shared/errors.ts';
import { RecordGatherer } from '../../../shared/export/records.ts';
import type { Dialect } from '../../../shared/export/types.ts';
import { JudgedRecords } from '../../../shared/export/judgedRecords.ts';
import type { ValidationPlan } from '../../../shared/schema/types.ts';
import { RecordValidator } from '../../../shared/schema/validator.ts';
import { buffers, csvInputs } from '../../support/csvInputs.ts';

/** `PROPERTY_CASES=1000000` for the long run; a failure prints its seed and path. */
const CASES = Number(process.env['PROPERTY_CASES'] ?? 20_000);

/** Two columns, so that many records of the inputs have the right number of them. */
const PLAN: ValidationPlan = {
  columns: 2,
  fields: [
    { field: 'First', column: 0, empty: 'refuse', maxBytes: 20 },
    { field: 'Second', column: 1, empty: 'warn' },
  ],
  eitherOf: [],
  timeFormats: ['YYYY-MM-DD'],
  earliest: 0,
  latest: 1,
  levels: {},
  checkUtf8: true,
};

type Judged = { readonly record: string; readonly goesOut: boolean };
type Options = { readonly dialect: Dialect; readonly maxRecordBytes: number; readonly blockBytes: number };

/** The records and verdicts in two passes: the scanner finds each record, the validator judges it. */
function judgedTwice(bytes: Buffer, cuts: readonly number[], options: Options): [Judged[], unknown] {
  const validator = new RecordValidator(PLAN, options.dialect);
  const gatherer = new RecordGatherer({ ...options, offset: 0, firstLine: 1 });
  const judged: Judged[] = [];
  const take = (blocks: ReturnType<RecordGatherer['end']>): void => {
    for (const { bytes, count, starts, ends, oversize } of blocks) {
      for (let i = 0; i < count; i++) {
        const record = Buffer.from(bytes.subarray(starts[i], ends[i])).toString('latin1');
        const goesOut =
          oversize[i] === 1 ? validator.refuseOversize() : validator.check(bytes, starts[i]!, ends[i]!);
        judged.push({ record, goesOut });
      }
    }
  };
  for (const buffer of buffers(bytes, cuts)) take(gatherer.write(buffer));
  take(gatherer.end());
  return [judged, validator.counts];
}

function judgedOnce(bytes: Buffer, cuts: readonly number[], options: Options): [Judged[], unknown] {
  const validator = new RecordValidator(PLAN, options.dialect);
  const records = new JudgedRecords(validator, options);
  const judged: Judged[] = [];
  const take = (blocks: ReturnType<JudgedRecords['end']>): void => {
    for (const { bytes, count, starts, ends, goesOut } of blocks) {
      for (let i = 0; i < count; i++) {
        const record = Buffer.from(bytes.subarray(starts[i], ends[i])).toString('latin1');
        judged.push({ record, goesOut: goesOut[i] === 1 });
      }
    }
  };
  for (const buffer of buffers(bytes, cuts)) take(records.write(buffer));
  take(records.end());
  return [judged, validator.counts];
}

test('one pass finds the records and verdicts that two find, on every sound input, however it is cut', () => {
  let sound = 0;
  fc.assert(
    fc.property(csvInputs, ({ dialect, text, cuts, blockBytes, maxRecordBytes }) => {
      const bytes = Buffer.from(text.replaceAll('D', dialect.delimiter), 'latin1');
      const options = { dialect, maxRecordBytes, blockBytes };
      let expected;
      try {
        expected = judgedTwice(bytes, cuts, options);
      } catch (error) {
        // The split refuses such an export before anything of it is pushed.
        if (error instanceof ExportRejectedError) return;
        throw error;
      }
      sound++;
      assert.deepEqual(judgedOnce(bytes, cuts, options), expected);
    }),
    { numRuns: CASES },
  );
  assert.ok(sound > CASES / 2, `${String(sound)} of the inputs were sound.`);
});

test('more records than a block has room for come in several blocks', () => {
  const validator = new RecordValidator(PLAN, { delimiter: ',', quote: '"' });
  const records = new JudgedRecords(validator, {
    dialect: { delimiter: ',', quote: '"' },
    maxRecordBytes: 100,
    blockBytes: 2 ** 20,
  });
  const counts = [...records.write(Buffer.from('a,b\n'.repeat(40_000)))].map(({ count }) => count);
  counts.push(...[...records.end()].map(({ count }) => count));
  assert.deepEqual(counts, [16_384, 16_384, 7_232]);
});
