import { median, rounded } from './support/figures.ts';
import { exportFile } from './support/exportFile.ts';
import { withRig } from './support/rig.ts';
import type { BenchOptions, BenchResult, Row, Verdict } from './support/types.ts';
import { uploadOneAfterAnother } from './support/uploader.ts';

/** The latency that is aimed at, and how much faster than one after another the pipeline must be there. */
const AIM = { latencyMs: 250, least: 10 };

/** The whole job on a connector that takes its time, against the uploader that sends one request after another. */
export async function latency({ full }: BenchOptions): Promise<BenchResult> {
  const file = await exportFile(full ? 1_000_000 : 250_000);
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  for (const latencyMs of full ? [50, 250, 1000] : [250]) {
    const ours: number[] = [];
    const theirs: number[] = [];
    // At a second a request the other takes minutes, and little else than the second matters.
    const rounds = full && latencyMs < 1000 ? 3 : 1;
    await withRig({ latencyMs }, async (rig) => {
      for (let round = 0; round < rounds; round++) {
        ours.push((await rig.carry(file)).seconds);
        theirs.push(await uploadOneAfterAnother(file, rig.simulator));
      }
    });
    const ratio = rounded(median(theirs.map((seconds, i) => seconds / (ours[i] ?? Number.NaN))));
    rows.push({
      what: `${String(latencyMs)} ms a request`,
      figures: {
        'pipeline, s': rounded(median(ours)),
        'one after another, s': rounded(median(theirs)),
        'times as fast': ratio,
      },
    });
    if (latencyMs === AIM.latencyMs && full) {
      verdicts.push({
        what: 'The whole job against one request after another at 250 ms each, times as fast',
        value: ratio,
        least: AIM.least,
      });
    }
  }
  return {
    name: 'latency',
    about: `Carry ${file.records.toLocaleString('en-US')} records to a connector that takes its time, from arrival to completed; the other sends 5,000 records, waits, and goes on.`,
    rows,
    verdicts,
  };
}
