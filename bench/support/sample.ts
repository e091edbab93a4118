import { open } from 'node:fs/promises';
import { planExport } from '../../shared/export/plan.ts';
import { DEFAULT_SPLIT_SETTINGS } from '../../shared/export/services.ts';
import type { ExportPlan } from '../../shared/export/types.ts';
import { loadSchema } from '../../shared/schema/schemas.ts';
import { exportFile } from './exportFile.ts';

/** The beginning of a synthetic export in memory, and how the split would plan it. */
export type Sample = { readonly bytes: Buffer; readonly records: Buffer; readonly plan: ExportPlan };

/** Records whose bytes make `megabytes` or a little more. */
const RECORDS_PER_MB = 2_600;

/** @param megabytes how much there shall be to measure with */
export async function readSample(megabytes: number): Promise<Sample> {
  const { file, bytes: size } = await exportFile(megabytes * RECORDS_PER_MB);
  const bytes = Buffer.allocUnsafeSlow(size);
  await using handle = await open(file);
  await handle.read(bytes, 0, size, 0);
  const schema = await loadSchema('healthcare');
  if (schema === undefined) throw new Error('The schema of the healthcare connector is missing.');
  const { plan } = planExport({
    name: 'sample.csv',
    head: bytes.subarray(0, 64 * 1024),
    totalBytes: size,
    arrivedAt: Date.UTC(2025, 10, 22),
    schema,
    settings: DEFAULT_SPLIT_SETTINGS,
  });
  return { bytes, records: bytes.subarray(plan.head.end), plan };
}
