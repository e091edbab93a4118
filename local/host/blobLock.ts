import type { Container } from './blobService.ts';

/** The service's shortest lease: a process that was killed holds its locks no longer than this. */
const LEASE_SECONDS = 15;
const RENEW_MS = (LEASE_SECONDS * 1000) / 3;

/** A lock on a blob that is being held; renewed until it is released or lost. */
export type HeldLock = { readonly leaseId: string; release(): Promise<void> };

/**
 * Locks a blob for one process among several, making it if needed.
 * `owner` is the lease's id (a GUID): who starts again under the same one has its locks back at once.
 * @returns undefined when another process holds it
 */
export async function tryLock(
  container: Container,
  blob: string,
  owner: string,
): Promise<HeldLock | undefined> {
  await container.touch(blob);
  if (!(await container.lease(blob, 'acquire', owner, LEASE_SECONDS))) return undefined;
  const renewal = setInterval(() => {
    container.lease(blob, 'renew', owner, LEASE_SECONDS).catch(() => undefined);
  }, RENEW_MS).unref();
  return {
    leaseId: owner,
    release: async () => {
      clearInterval(renewal);
      await container.lease(blob, 'release', owner, LEASE_SECONDS);
    },
  };
}
