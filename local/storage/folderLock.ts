import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './isAlive.ts';

/** The folder is held by a living process. The message names the cure. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

const LOCK_FILE = 'in-use.pid';
/** A predecessor that is saving its tables gets this long to finish. */
const WAIT_MS = 20_000;
const POLL_MS = 25;
const HEARTBEAT_MS = 2_000;
/** A lock not renewed for so long is left over, whatever process has its number now. */
const STALE_MS = 60_000;

/**
 * Takes the folder for this process alone, waiting up to 20 s for a predecessor that is about to end: two emulators on one
 * folder would overwrite each other's tables. A lock whose owner died is taken over.
 * @returns releases the folder
 * @throws {FolderInUseError} when its owner is still there after 20 s
 */
export async function lockFolder(folder: string, waitMs = WAIT_MS): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_FILE);
  const deadline = performance.now() + waitMs;
  while (!(await tryLock(path))) {
    if (!(await isHeld(path))) {
      await rm(path, { force: true });
    } else if (performance.now() > deadline) {
      throw new FolderInUseError(
        `The folder ${folder} is in use by another run (process ${await owner(path)}). Wait for it to end, or give this run a folder of its own with --out.`,
      );
    } else {
      await delay(POLL_MS);
    }
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  return async () => {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  };
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A file just made may still be empty: its writer is alive. */
async function isHeld(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > STALE_MS) return false;
    const pid = await owner(path);
    return pid === '' || isAlive(Number(pid));
  } catch {
    return true;
  }
}

async function owner(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
