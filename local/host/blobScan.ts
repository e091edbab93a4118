import { setTimeout as delay } from 'node:timers/promises';
import { type HeldLock, tryLock } from './blobLock.ts';
import type { BlobFunction } from './blobTrigger.ts';
import { HOST_CONTAINER, type HostContext, type Listener } from './hostContext.ts';
import { HOST_STORAGE } from './settings.ts';

/** Another process is scanning: how soon to ask again for its place. */
const STANDBY_MS = 1_000;

/**
 * Polling as the source of a blob trigger: lists the container and hands on every (name, ETag) without a receipt.
 * One process among several scans, the others stand by.
 */
export function scanBlobs(
  host: HostContext,
  fn: BlobFunction,
  found: (blob: string, etag: string) => Promise<void>,
): Listener {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);
  const handedOn = new Map<string, string>();

  async function scan(): Promise<void> {
    for await (const { name, etag } of fn.container.list(fn.path.prefix)) {
      if (signal.aborted) return;
      if (handedOn.get(name) === etag || fn.path.match(name) === undefined) continue;
      if (!(await fn.isCompleted(name, etag))) await found(name, etag);
      handedOn.set(name, etag);
    }
  }

  async function run(): Promise<void> {
    const locks = host.storage.container(HOST_STORAGE, HOST_CONTAINER, `Function ${fn.name}`);
    let lock: HeldLock | undefined;
    while (!signal.aborted) {
      try {
        lock ??= await tryLock(locks, `locks/${host.hostId}/${fn.id}.BlobScan`, host.instanceId);
        if (lock !== undefined) await scan();
      } catch (error) {
        host.log(
          'warning',
          fn.name,
          `cannot scan container ${fn.path.container}: ${(error as Error).message}`,
        );
      }
      await pause(lock === undefined ? STANDBY_MS : host.times.pollMs);
    }
    await lock?.release();
  }

  const loop = run();
  return {
    stop: async () => {
      stopping.abort();
      await loop.catch(() => undefined);
    },
  };
}
