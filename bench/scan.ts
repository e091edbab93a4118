import { BoundaryScanner } from '../shared/export/scanner.ts';
import {
  countLines,
  countRecords,
  parseWithCsvParse,
  parseWithUdsv,
  PIECE_BYTES,
} from './support/references.ts';
import { megabytesPerSecond, rounded } from './support/figures.ts';
import { readSample, type Sample } from './support/sample.ts';
import { cpuSeconds, type Work } from './support/cpuTime.ts';
import type { BenchResult, BenchOptions } from './support/types.ts';

/** The slow ones get a sample of so many MB. */
const SLOW_MB = 8;

/** Finding where chunks begin and end, with their digests, as the split does it. */
export async function scan({ full }: BenchOptions): Promise<BenchResult> {
  const sample = await readSample(full ? 64 : 32);
  const { records } = sample;
  const { records: part } = await readSample(SLOW_MB);
  const works: Work[] = [
    { name: 'scan', bytes: records.length, run: () => scanAll(sample) },
    { name: 'line ends, native search', bytes: records.length, run: () => void countLines(records) },
    { name: 'quote-aware, a byte at a time', bytes: records.length, run: () => void countRecords(records) },
    { name: 'udsv', bytes: part.length, run: () => void parseWithUdsv(part) },
    { name: 'csv-parse', bytes: part.length, run: async () => void (await parseWithCsvParse(part)) },
  ];
  const seconds = await cpuSeconds(works, full ? 9 : 3);
  const speed = (work: Work): number => work.bytes / (seconds.get(work.name) ?? 0);
  const ours = speed(works[0]!);
  return {
    name: 'scan',
    about: `Find the chunks of ${String(Math.round(records.length / 1e6))} MB and their SHA-256; per second of CPU time.`,
    rows: works.map((work) => ({
      what: work.name,
      figures: {
        'MB/s': megabytesPerSecond(work.bytes, seconds.get(work.name) ?? 0),
        'scan is times as fast': rounded(ours / speed(work)),
      },
    })),
    verdicts: [],
  };
}

function scanAll({ records, plan }: Sample): void {
  const from = {
    offset: plan.head.end,
    records: 0,
    line: plan.firstLine,
    chunks: 0,
    utf8: { wellFormed: false, malformed: false },
  };
  const scanner = new BoundaryScanner({ dialect: plan.dialect, chunkRecords: plan.chunkRecords, from });
  for (let at = 0; at < records.length; at += PIECE_BYTES)
    scanner.write(records.subarray(at, at + PIECE_BYTES));
  scanner.end();
}
