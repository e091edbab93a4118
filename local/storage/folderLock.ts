import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './isAlive.ts';

/** The folder is held by a living process. The message names the cure. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
  /** Its process id. */
  readonly owner: string;

  constructor(folder: string, owner: string) {
    super(
      `The folder ${folder} is in use by another run (process ${owner}). Wait for it to end, or give this run a folder of its own with --out.`,
    );
    this.owner = owner;
  }
}

const LOCK_FILE = 'in-use.pid';
/** A predecessor that is saving its tables gets this long to finish. */
const WAIT_MS = 20_000;
const POLL_MS = 25;
const HEARTBEAT_MS = 2_000;
/** A lock not renewed for so long is left over, whatever process has its number now. */
const STALE_MS = 60_000;

/** Locks that this process has or is about to take: any other with its number is that of a predecessor, as in containers. */
const takenHere = new Set<string>();

/**
 * Takes the folder for this process alone, waiting up to 20 s for a predecessor that is about to end: two emulators on one
 * folder would overwrite each other's tables. A lock whose owner died is taken over.
 * @returns releases the folder
 * @throws {FolderInUseError} when its owner is still there after `waitMs`
 * @throws what the file system is at fault for
 */
export async function lockFolder(folder: string, waitMs = WAIT_MS): Promise<() => Promise<void>> {
  const path = join(resolve(folder), LOCK_FILE);
  const deadline = performance.now() + waitMs;
  while (!(await takeHere(path))) {
    if (performance.now() > deadline) throw new FolderInUseError(folder, await ownerOf(path));
    await delay(POLL_MS);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  return async () => {
    clearInterval(heartbeat);
    if (!takenHere.delete(path)) return;
    if ((await ownerOf(path)) === String(process.pid)) await rm(path, { force: true });
  };
}

/** One attempt, unless another caller in this process has the lock or is at it. */
async function takeHere(path: string): Promise<boolean> {
  if (takenHere.has(path)) return false;
  takenHere.add(path);
  let taken = false;
  try {
    taken = await take(path);
    return taken;
  } finally {
    if (!taken) takenHere.delete(path);
  }
}

async function take(path: string): Promise<boolean> {
  if (await make(path)) return true;
  if (await isHeld(path)) return false;
  // One at a time may take a lock away, and judges it anew: a second one would else take away that of the first.
  const turn = `${path}.turn`;
  if (!(await make(turn))) {
    if (!(await isHeld(turn))) await rm(turn, { force: true });
    return false;
  }
  try {
    if (await isHeld(path)) return false;
    await rm(path, { force: true });
    return await make(path);
  } finally {
    await rm(turn, { force: true });
  }
}

async function make(path: string): Promise<boolean> {
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
    const owner = await ownerOf(path);
    return owner === '' || (owner !== String(process.pid) && isAlive(Number(owner)));
  } catch {
    return true;
  }
}

async function ownerOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
