import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../../local/build/build.ts';
import { writeExport } from '../../local/cli/sample.ts';

/** Everything that benchmarks write. */
export const WORK_FOLDER = path.join(ROOT, '.local', 'bench');

/** A synthetic export on disk. */
export type ExportFile = { readonly file: string; readonly records: number; readonly bytes: number };

/** The export with so many records, written when it is not there yet: the same bytes each time. */
export async function exportFile(records: number): Promise<ExportFile> {
  const file = path.join(WORK_FOLDER, `records-${String(records)}.csv`);
  const known = await stat(file).catch(() => undefined);
  return { file, records, bytes: known?.size ?? (await writeExport(file, { records })) };
}
