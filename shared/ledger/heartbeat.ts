import { ConflictError } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';
import { isoTime } from './exports.ts';

/** Where the sweep says in the table `marks` that it lives. */
const SWEEP_HEARTBEAT = { partitionKey: 'heartbeat', rowKey: 'sweep' } as const;

/** When the sweep last ran to its end, and when it last looked at every blob. UTC ms. */
export type Heartbeat = { readonly at: number; readonly fullListingAt?: number };

/** The sweep's last sign of life; undefined before the first. */
export async function lastBeat(marks: Pick<TableStore, 'get'>): Promise<Heartbeat | undefined> {
  const { partitionKey, rowKey } = SWEEP_HEARTBEAT;
  const stored = await marks.get(partitionKey, rowKey);
  if (stored === undefined) return undefined;
  const { at, fullListingAt } = stored.row;
  return {
    at: Date.parse(String(at)),
    ...(typeof fullListingAt === 'string' ? { fullListingAt: Date.parse(fullListingAt) } : {}),
  };
}

/** Write the sign of life; when two sweeps do so at once, one of them is enough. */
export async function beat(
  marks: Pick<TableStore, 'get' | 'insert' | 'replace'>,
  { at, fullListingAt }: Heartbeat,
): Promise<void> {
  const { partitionKey, rowKey } = SWEEP_HEARTBEAT;
  const row = {
    ...SWEEP_HEARTBEAT,
    at: isoTime(at),
    ...(fullListingAt === undefined ? {} : { fullListingAt: isoTime(fullListingAt) }),
  };
  const stored = await marks.get(partitionKey, rowKey);
  try {
    await (stored ? marks.replace(row, stored.etag) : marks.insert(row));
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}
