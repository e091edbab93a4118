import { RecordGatherer } from '../shared/export/records.ts';
import { RecordValidator } from '../shared/schema/validator.ts';
import { PIECE_BYTES } from './scan.ts';
import { megabytesPerSecond, rounded } from './support/figures.ts';
import { countRecords, parseWithCsvParse, parseWithUdsv } from './support/references.ts';
import { readSample, type Sample } from './support/sample.ts';
import { threadSeconds, type Work } from './support/threadTime.ts';
import type { BenchOptions, BenchResult } from './support/types.ts';

/** The slow ones get a sample of so many MB. */
const SLOW_MB = 4;

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
  const csvParse: Work = { name: 'csv-parse', bytes: part.length, run: () => void parseWithCsvParse(part) };
  const udsv: Work = { name: 'udsv', bytes: part.length, run: () => void parseWithUdsv(part) };
  const works = [ours, plain, udsv, csvParse];
  const seconds = await threadSeconds(works, full ? 9 : 3);
  const speed = (work: Work): number => work.bytes / (seconds.get(work.name) ?? 0);
  return {
    name: 'validate',
    about: `Find and judge the records of ${String(Math.round(records.length / 1e6))} MB, one thread; csv-parse and udsv only parse.`,
    rows: works.map((work) => ({
      what: work.name,
      figures: {
        'MB/s': megabytesPerSecond(work.bytes, seconds.get(work.name) ?? 0),
        'validate is times as fast': rounded(speed(ours) / speed(work)),
      },
    })),
    verdicts: [
      { what: 'validate / csv-parse', value: rounded(speed(ours) / speed(csvParse)), least: 15 },
      {
        what: 'validate / quote-aware, a byte at a time',
        value: rounded(speed(ours) / speed(plain)),
        least: 0.5,
      },
    ],
  };
}

function validateAll({ records, plan }: Sample): void {
  const { dialect, maxRecordBytes, firstLine, validation } = plan;
  const gatherer = new RecordGatherer({ dialect, maxRecordBytes, offset: plan.head.end, firstLine });
  const validator = new RecordValidator(validation, dialect);
  for (let at = 0; at < records.length; at += PIECE_BYTES) {
    for (const { bytes, starts, ends, count } of gatherer.write(records.subarray(at, at + PIECE_BYTES))) {
      for (let i = 0; i < count; i++) validator.check(bytes, starts[i]!, ends[i]!);
    }
  }
}
