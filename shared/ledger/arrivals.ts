import { ConflictError } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';
import { fromExportTableRow } from './exportRows.ts';
import type { ExportRow } from './model.ts';

const READS_AT_ONCE = 16;

/** Exports by the UTC day of their arrival, so that a day's report need not read 400 days of exports. */
const partitionOf = (connectorKey: string, utcDay: string): string => `arrived-${connectorKey}-${utcDay}`;

/**
 * Note an export under the day of its arrival. Comes before the export's own row, so that no export can lack it; a note
 * without an export is passed over when read. Repeating it is fine.
 */
export async function noteArrival(
  marks: TableStore,
  { connectorKey, exportId, arrivedAt }: Pick<ExportRow, 'connectorKey' | 'exportId' | 'arrivedAt'>,
): Promise<void> {
  const row = { partitionKey: partitionOf(connectorKey, arrivedAt.slice(0, 10)), rowKey: exportId };
  await marks.insert(row).catch((error: unknown) => {
    if (!(error instanceof ConflictError)) throw error;
  });
}

/** Take the note back, once the export's row is gone. */
export async function dropArrival(
  marks: TableStore,
  { connectorKey, exportId, arrivedAt }: Pick<ExportRow, 'connectorKey' | 'exportId' | 'arrivedAt'>,
): Promise<void> {
  const partitionKey = partitionOf(connectorKey, arrivedAt.slice(0, 10));
  const stored = await marks.get(partitionKey, exportId);
  if (stored) await marks.remove(partitionKey, exportId, stored.etag);
}

/** Exports of one connector that arrived on a UTC day, in the order of their arrival. @param utcDay `YYYY-MM-DD` */
export async function arrivalsOf(
  tables: { readonly exports: TableStore; readonly marks: TableStore },
  connectorKey: string,
  utcDay: string,
): Promise<ExportRow[]> {
  const ids: string[] = [];
  for await (const { row } of tables.marks.list({ partitionKey: partitionOf(connectorKey, utcDay) }))
    ids.push(row.rowKey);
  const rows: ExportRow[] = [];
  for (let at = 0; at < ids.length; at += READS_AT_ONCE) {
    const some = await Promise.all(
      ids.slice(at, at + READS_AT_ONCE).map((id) => tables.exports.get(connectorKey, id)),
    );
    for (const stored of some) if (stored) rows.push(fromExportTableRow(stored.row));
  }
  return rows.toSorted(
    (a, b) => a.arrivedAt.localeCompare(b.arrivedAt) || a.exportId.localeCompare(b.exportId),
  );
}
