import { statfs } from 'node:fs/promises';
import { UsageError } from './usageError.ts';

/** Room for the ledger, logs and quarantine beside the exports themselves. */
const MARGIN_BYTES = 32 << 20;

/**
 * Make sure that a folder's disk has room for so many more bytes: an emulator on a full disk answers every request with an
 * error that names no cause.
 *
 * @throws {UsageError} when it has not
 */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes + MARGIN_BYTES) return;
  throw new UsageError(
    `The disk of ${folder} has ${megabytes(free)} left, and ${megabytes(bytes + MARGIN_BYTES)} are needed.`,
    'Free some space, or name a folder on another disk with --out DIR.',
  );
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en-US')} MB`;
