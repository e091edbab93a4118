import { mkdir } from 'node:fs/promises';
import { FolderInUseError, lockFolder } from '../storage/folderLock.ts';
import { printable } from './console.ts';
import { UsageError } from './usageError.ts';

/** Keeps a second run out of the same folder; the emulator's files have one owner. */
export type RunLock = { release(): Promise<void> };

/** A run that was just told to end gets so long; one at work is told of at once. */
const WAIT_MS = 1_000;
const OTHER_FOLDER = 'Wait for it to end, or give this run a folder of its own with --out DIR.';

/**
 * Take the folder for this process; it is made if absent. A lock whose process is gone is taken over.
 *
 * @param cure what to do when another run holds the folder
 * @throws {UsageError} when another run holds the folder, or it cannot be written
 */
export async function takeRunLock(folder: string, cure = OTHER_FOLDER): Promise<RunLock> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => unusable('made', folder, error));
  try {
    return { release: await lockFolder(folder, WAIT_MS) };
  } catch (error) {
    if (!(error instanceof FolderInUseError)) return unusable('written', folder, error);
    const cause = `Another run (process ${error.owner}) is using ${printable(folder)}.`;
    throw new UsageError(cause, cure, { cause: error });
  }
}

function unusable(how: string, folder: string, error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  throw new UsageError(
    `The output folder ${printable(folder)} cannot be ${how} (${code}).`,
    'Name a folder you can write to with --out DIR.',
    { cause: error },
  );
}
