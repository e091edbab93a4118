import { median, rounded } from './support/figures.ts';
import { exportFile } from './support/exportFile.ts';
import { withRig } from './support/rig.ts';
import type { BenchOptions, BenchResult, Row } from './support/types.ts';

/** What makes the connector the bottleneck: it takes a second, and an instance has few requests in flight. */
const LATENCY_MS = 1000;
const SETTINGS = {
  MAX_IN_FLIGHT: '4',
  MAX_IN_FLIGHT_TOTAL: '64',
  CHUNK_RECORDS: '10000',
  RECORDS_PER_REQUEST: '1000',
};

/** One export, pushed by one to four functions processes at the same storage. */
export async function instances({ full }: BenchOptions): Promise<BenchResult> {
  const file = await exportFile(full ? 200_000 : 50_000);
  const rounds = full ? 3 : 1;
  const seconds = new Map<number, number>();
  for (const count of full ? [1, 2, 3, 4] : [1, 2]) {
    const each: number[] = [];
    await withRig({ latencyMs: LATENCY_MS, instances: count, settings: SETTINGS }, async (rig) => {
      for (let round = 0; round < rounds; round++) each.push((await rig.carry(file)).seconds);
    });
    seconds.set(count, median(each));
  }
  const alone = seconds.get(1) ?? Number.NaN;
  const speedup = (count: number): number => rounded(alone / (seconds.get(count) ?? Number.NaN));
  return {
    name: 'instances',
    about: `Carry ${file.records.toLocaleString('en-US')} records in batches of ${SETTINGS.RECORDS_PER_REQUEST} to a connector that takes ${String(LATENCY_MS)} ms; ${SETTINGS.MAX_IN_FLIGHT} requests in flight an instance.`,
    rows: [...seconds].map(([count, value]): Row => ({
      what: `${String(count)} ${count === 1 ? 'process' : 'processes'}`,
      figures: { seconds: rounded(value), 'times as fast as one': speedup(count) },
    })),
    verdicts: full
      ? [{ what: 'Two processes against one, times as fast', value: speedup(2), least: 1.8 }]
      : [],
  };
}
