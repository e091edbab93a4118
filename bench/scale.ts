import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exportFile, WORK_FOLDER } from './support/exportFile.ts';
import { rounded } from './support/figures.ts';
import { countingFlags, operationsOf, readOperations, type Operations } from './support/operations.ts';
import { withRig, type Job } from './support/rig.ts';
import type { BenchOptions, BenchResult, Row, Verdict } from './support/types.ts';

/** 3 GiB less a little; more records than the service takes in one export, which only the setting forbids. */
const LARGEST = 8_400_000;
const DAY = 5_000_000;
const TENTH_OF_A_DAY = 500_000;
/** 256 MB. */
const MOST_PEAK_MIB = 244;
const IDLE_SECONDS = 5;

/** What an export of each size takes: time, memory, CPU, storage operations. */
export async function scale({ full }: BenchOptions): Promise<BenchResult> {
  const sizes = full ? [50_000, TENTH_OF_A_DAY, DAY, LARGEST] : [50_000, 200_000];
  const rows: Row[] = [];
  const seconds = new Map<number, number>();
  let peak = 0;
  for (const records of sizes) {
    const { job, operations } = await measure(records, []);
    rows.push(rowOf(`${records.toLocaleString('en-US')} records`, job, operations));
    seconds.set(records, job.seconds);
    peak = Math.max(peak, job.peakRssMb);
  }
  if (full) {
    const { job, operations } = await measure(LARGEST, ['--max-old-space-size=64']);
    rows.push(rowOf(`${LARGEST.toLocaleString('en-US')} records, --max-old-space-size=64`, job, operations));
    peak = Math.max(peak, job.peakRssMb);
  }
  const verdicts: Verdict[] = [
    { what: 'Highest memory of the functions process at any size, MiB', value: peak, most: MOST_PEAK_MIB },
  ];
  const day = seconds.get(DAY);
  const tenth = seconds.get(TENTH_OF_A_DAY);
  if (day !== undefined && tenth !== undefined) {
    verdicts.push(
      { what: '5,000,000 records (1.9 GB), seconds', value: rounded(day), most: 30 },
      { what: '5,000,000 records against 500,000, times as long', value: rounded(day / tenth), most: 10.5 },
    );
  }
  return {
    name: 'scale',
    about: 'Carry exports of several sizes, no latency, each in a fresh functions process.',
    rows,
    verdicts,
  };
}

async function measure(
  records: number,
  flags: readonly string[],
): Promise<{ job: Job; operations: Operations }> {
  const file = await exportFile(records);
  const counts = path.join(WORK_FOLDER, `operations-${String(process.pid)}.json`);
  const options = {
    execArgv: [...countingFlags(counts), ...flags],
    settings: { MAX_EXPORT_RECORDS: String(LARGEST) },
  };
  return withRig(options, async (rig) => {
    // A small one first, so that what is measured is the work and not the start.
    await rig.carry(await exportFile(10_000));
    const idleFrom = await readOperations(counts, rig.connectionString);
    await delay(IDLE_SECONDS * 1000);
    const before = await readOperations(counts, rig.connectionString);
    const idle = Object.fromEntries(
      Object.entries(before).map(([name, count]) => [name, (count - (idleFrom[name] ?? 0)) / IDLE_SECONDS]),
    );
    const job = await rig.carry(file);
    const after = await readOperations(counts, rig.connectionString);
    return { job, operations: operationsOf(before, after, idle, job.seconds) };
  });
}

function rowOf(what: string, job: Job, operations: Operations): Row {
  const millions = job.records / 1e6;
  const perMillion = Object.entries(operations).map(([name, count]): [string, number] => [
    `${name}s per million`,
    rounded(count / millions),
  ]);
  return {
    what,
    figures: {
      seconds: rounded(job.seconds),
      'seconds per million': rounded(job.seconds / millions),
      'CPU s per million': rounded((job.cpuSeconds ?? Number.NaN) / millions),
      'peak MiB': job.peakRssMb,
      'requests per million': rounded(job.requests / millions),
      ...Object.fromEntries(perMillion),
    },
  };
}
