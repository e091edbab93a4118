import { JudgedRecords, type JudgedBlock } from '../shared/export/judgedRecords.ts';
import { RecordValidator } from '../shared/schema/validator.ts';
import { megabytesPerSecond, rounded } from './support/figures.ts';
import { countRecords, parseWithCsvParse, parseWithUdsv, PIECE_BYTES } from './support/references.ts';
import { readSample, type Sample } from './support/sample.ts';
import { cpuSeconds, type Work } from './support/cpuTime.ts';
import type { BenchOptions, BenchResult } from './support/types.ts';

/** The slow ones get a sample of so many MB. */
const SLOW_MB = 8;
/** As the push gathers them. */
const BLOCK_BYTES = 2 ** 20;

/** Finding the records of a chunk and judging each, as the push does it. */
export async function validate({ full }: BenchOptions): Promise<BenchResult> {
  const sample = await readSample(full ? 64 : 32);
  const { records } = sample;
  const { records: part } = await readSample(SLOW_MB);
  const ours: Work = { name: 'validate', bytes: records.length, run: () => validateAll(sample) };
  const plain: Work = {
    name: 'quote-aware, a byte at a time',
    bytes: records.length,
    run: () => void countRecords(records),
  };
  const csvParse: Work = {
    name: 'csv-parse',
    bytes: part.length,
    run: async () => void (await parseWithCsvParse(part)),
  };
  const udsv: Work = { name: 'udsv', bytes: part.length, run: () => void parseWithUdsv(part) };
  const works = [ours, plain, udsv, csvParse];
  const seconds = await cpuSeconds(works, full ? 9 : 3);
  const speed = (work: Work): number => work.bytes / (seconds.get(work.name) ?? 0);
  return {
    name: 'validate',
    about: `Find and judge the records of ${String(Math.round(records.length / 1e6))} MB; per second of CPU time; csv-parse and udsv only parse.`,
    rows: works.map((work) => ({
      what: work.name,
      figures: {
        'MB/s': megabytesPerSecond(work.bytes, seconds.get(work.name) ?? 0),
        'validate is times as fast': rounded(speed(ours) / speed(work)),
      },
    })),
    verdicts: [
      {
        what: 'Judging records against csv-parse, times as fast',
        value: rounded(speed(ours) / speed(csvParse)),
        least: 15,
      },
      {
        what: 'Judging records against a loop that looks at each byte for quotes, times as fast',
        value: rounded(speed(ours) / speed(plain)),
        least: 0.5,
      },
    ],
  };
}

function validateAll({ records, plan }: Sample): void {
  const { dialect, maxRecordBytes, validation } = plan;
  const validator = new RecordValidator(validation, dialect);
  const judged = new JudgedRecords(validator, { dialect, maxRecordBytes, blockBytes: BLOCK_BYTES });
  let refused = 0;
  const take = (blocks: Iterable<JudgedBlock>): void => {
    for (const { count, goesOut } of blocks) {
      for (let i = 0; i < count; i++) refused += 1 - goesOut[i]!;
    }
  };
  for (let at = 0; at < records.length; at += PIECE_BYTES) {
    take(judged.write(records.subarray(at, at + PIECE_BYTES)));
  }
  take(judged.end());
  if (refused > 0) throw new Error(`${String(refused)} records of the sample were refused.`);
}
