import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { readStorageConnection } from '../../shared/storage/connection.ts';
import type { PortCounts } from './operationCounter.ts';

/** Storage operations by what an account is billed for: service and kind, e.g. `table write`. */
export type Operations = Readonly<Record<string, number>>;

/** Longer than the counter keeps a count to itself, ms. */
const SETTLE_MS = 400;

/** Flags that make a functions process count its requests into `file`. */
export const countingFlags = (file: string): string[] => {
  const url = pathToFileURL(path.join(import.meta.dirname, 'operationCounter.ts'));
  url.searchParams.set('file', file);
  return [`--import=${url.href}`];
};

/** What was counted so far against the account of this connection string. */
export async function readOperations(file: string, connectionString: string): Promise<Operations> {
  await delay(SETTLE_MS);
  const counts = JSON.parse(await readFile(file, 'utf8')) as PortCounts;
  const { blobUrl, queueUrl, tableUrl } = readStorageConnection(
    { ExportStorage: connectionString },
    'ExportStorage',
  );
  const services = { blob: blobUrl, queue: queueUrl, table: tableUrl };
  const operations: Record<string, number> = {};
  for (const [service, url] of Object.entries(services)) {
    const { port } = new URL(url);
    for (const [key, count] of Object.entries(counts)) {
      const [from, kind = ''] = key.split(' ');
      if (from === port) operations[`${service} ${kind}`] = count;
    }
  }
  return operations;
}

/** What came in addition, less what comes by itself in `seconds` at the rate of `idle`. */
export function operationsOf(
  before: Operations,
  after: Operations,
  idlePerSecond: Operations,
  seconds: number,
): Operations {
  return Object.fromEntries(
    Object.entries(after).map(([name, count]) => {
      const own = count - (before[name] ?? 0) - (idlePerSecond[name] ?? 0) * seconds;
      return [name, Math.max(0, Math.round(own))];
    }),
  );
}
