import { ConflictError } from '../errors.ts';
import { connectorKey } from '../ledger/model.ts';
import type { StoredRow, TableRow, TableStore } from '../storage/tables.ts';
import type { Day } from './days.ts';

/** Where the reports keep what they need in the table of marks. */
export type MarkKeys = { readonly partitionKey: string; readonly rowKey: string };

const status = (rowKey: string): MarkKeys => ({ partitionKey: 'status', rowKey });

/** The day up to which all were written, and days that were not final then. */
export const WRITTEN = status('written');
/** The day on which the status was first looked at. */
export const SINCE = status('since');
/** The newest month whose exports are forgotten. */
export const FORGOTTEN = status('forgotten');

/** Number and digest of a day's newest revision. */
export const revisionOf = (day: Day): MarkKeys => ({ partitionKey: 'status-revision', rowKey: day });

/** That an export was reported as missing on a day. */
export const missingAlert = (day: Day, connector: string): MarkKeys => ({
  partitionKey: 'alert-missing',
  rowKey: `${day}-${connectorKey(connector)}`,
});

/** Partition of the figures of a connector's days; row = day. */
export const daysOf = (connector: string): string => `day-${connectorKey(connector)}`;

/** Partition of the sums of a connector's months; row = month. */
export const monthsOf = (connector: string): string => `month-${connectorKey(connector)}`;

/** The row at these keys; undefined when there is none. */
export const read = (
  marks: Pick<TableStore, 'get'>,
  { partitionKey, rowKey }: MarkKeys,
): Promise<StoredRow | undefined> => marks.get(partitionKey, rowKey);

/** Insert or replace, whoever else writes: the last look at a day is the best. */
export async function put(marks: TableStore, row: TableRow): Promise<void> {
  for (;;) {
    const stored = await marks.get(row.partitionKey, row.rowKey);
    try {
      await (stored ? marks.replace(row, stored.etag) : marks.insert(row));
      return;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
