import { median, rounded } from './support/figures.ts';
import { exportFile } from './support/exportFile.ts';
import { floorOf, layAside } from './support/floor.ts';
import { withRig, type Job } from './support/rig.ts';
import type { FloorResult } from './support/floorProcess.ts';
import type { BenchOptions, BenchResult } from './support/types.ts';

/** The whole job without latency, against the same bytes downloaded in ranges and POSTed as they are. */
export async function pipeline({ full }: BenchOptions): Promise<BenchResult> {
  const file = await exportFile(full ? 1_000_000 : 250_000);
  const rounds = full ? 5 : 3;
  const jobs: Job[] = [];
  const floors: FloorResult[] = [];
  await withRig({}, async (rig) => {
    const source = await layAside(rig, file);
    // The first of each warms caches and compilers.
    for (let round = 0; round <= rounds; round++) {
      const floor = await floorOf(rig, file, source);
      const job = await rig.carry(file);
      if (round === 0) continue;
      floors.push(floor);
      jobs.push(job);
    }
  });
  const seconds = median(jobs.map((job) => job.seconds));
  const floorSeconds = median(floors.map((floor) => floor.seconds));
  const cpu = jobs.map((job) => job.cpuSeconds ?? Number.NaN);
  return {
    name: 'pipeline',
    about: `Carry ${file.records.toLocaleString('en-US')} records (${String(Math.round(file.bytes / 1e6))} MB) from arrival to completed; medians of ${String(rounds)} turns.`,
    rows: [
      {
        what: 'pipeline',
        figures: {
          seconds: rounded(seconds),
          'MB/s': rounded(file.bytes / 1e6 / seconds),
          'CPU s of the functions': rounded(median(cpu)),
          'peak MiB of the functions': Math.max(...jobs.map(({ peakRssMb }) => peakRssMb)),
        },
      },
      {
        what: 'floor: ranges and POST, nothing judged',
        figures: {
          seconds: rounded(floorSeconds),
          'MB/s': rounded(file.bytes / 1e6 / floorSeconds),
          'CPU s of the functions': rounded(median(floors.map(({ cpuSeconds }) => cpuSeconds))),
        },
      },
    ],
    verdicts: [
      {
        what: 'The whole job against the bare transfer of the same bytes, times as long',
        // Turn by turn: a machine that was slow in one turn was so for both.
        value: rounded(median(jobs.map((job, i) => job.seconds / (floors[i]?.seconds ?? Number.NaN)))),
        most: 3,
      },
    ],
  };
}
