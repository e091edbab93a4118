import { mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { isAlive } from '../storage/isAlive.ts';
import { UsageError } from './usageError.ts';

/** Keeps a second run out of the same folder; the emulator's files have one owner. */
export type RunLock = { release(): Promise<void> };

/**
 * Take the folder for this process; it is made if absent. A lock whose process is gone is taken over.
 *
 * @throws {UsageError} when another run holds the folder, or it cannot be written
 */
export async function takeRunLock(folder: string): Promise<RunLock> {
  const file = path.join(folder, 'run.lock');
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(
      `The output folder ${folder} cannot be made (${codeOf(error)}).`,
      'Name a folder you can write to with --out DIR.',
    );
  }
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return { release: () => rm(file, { force: true }) };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') {
        throw new UsageError(
          `The output folder ${folder} cannot be written (${codeOf(error)}).`,
          'Name a folder you can write to with --out DIR.',
        );
      }
      const owner = Number(await readFile(file, 'utf8').catch(() => ''));
      if (owner !== process.pid && isAlive(owner)) {
        throw new UsageError(
          `Another run (process ${owner}) is using ${folder}.`,
          'Wait for it to end, or give this run a folder of its own with --out DIR.',
        );
      }
      await rm(file, { force: true });
    }
  }
  throw new UsageError(`The output folder ${folder} is contended.`, 'Try again, or use --out DIR.');
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown';
