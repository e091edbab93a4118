import { ConflictError } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';
import { fromExportTableRow } from './exportRows.ts';
import { connectorKey, type ExportRow } from './model.ts';

const READS_AT_ONCE = 16;

/** Under which exports are filed that are for no connector: in no folder, or in one that is none. */
const STRAYS = connectorKey('');

type Arrival = Pick<ExportRow, 'connectorKey' | 'exportId' | 'arrivedAt'>;

/** Exports by the UTC day of their arrival, so that a day's report need not read 400 days of exports. */
const partitionOf = (connectorKey: string, utcDay: string): string => `arrived-${connectorKey}-${utcDay}`;

/**
 * Note an export under the day of its arrival. Comes before the export's own row, so that no export can lack it; a note
 * without an export is passed over when read. Repeating it is fine.
 * @param isStray whether it lies in the folder of no connector that is set up: then it is found with those in no folder
 */
export async function noteArrival(
  marks: TableStore,
  { connectorKey, exportId, arrivedAt }: Arrival,
  isStray = false,
): Promise<void> {
  const partitionKey = partitionOf(isStray ? STRAYS : connectorKey, arrivedAt.slice(0, 10));
  const place = isStray ? { connectorKey } : {};
  await marks.insert({ partitionKey, rowKey: exportId, ...place }).catch((error: unknown) => {
    if (!(error instanceof ConflictError)) throw error;
  });
}

/** Take the note back, once the export's row is gone. */
export async function dropArrival(
  marks: TableStore,
  { connectorKey, exportId, arrivedAt }: Arrival,
): Promise<void> {
  for (const filedUnder of [connectorKey, STRAYS]) {
    const partitionKey = partitionOf(filedUnder, arrivedAt.slice(0, 10));
    const stored = await marks.get(partitionKey, exportId);
    if (stored) await marks.remove(partitionKey, exportId, stored.etag);
  }
}

/**
 * Exports of a connector that arrived on a UTC day, in the order of their arrival; those of no connector for `''`.
 * @param utcDay `YYYY-MM-DD`
 */
export async function arrivalsOf(
  tables: { readonly exports: TableStore; readonly marks: TableStore },
  connector: string,
  utcDay: string,
): Promise<ExportRow[]> {
  const filedUnder = connectorKey(connector);
  const notes: { readonly partition: string; readonly id: string }[] = [];
  for await (const { row } of tables.marks.list({ partitionKey: partitionOf(filedUnder, utcDay) })) {
    // Of a stray, where its export lies.
    const { connectorKey: own } = row;
    notes.push({ partition: typeof own === 'string' ? own : filedUnder, id: row.rowKey });
  }
  const rows: ExportRow[] = [];
  for (let at = 0; at < notes.length; at += READS_AT_ONCE) {
    const some = await Promise.all(
      notes.slice(at, at + READS_AT_ONCE).map(({ partition, id }) => tables.exports.get(partition, id)),
    );
    for (const stored of some) if (stored) rows.push(fromExportTableRow(stored.row));
  }
  return rows.toSorted(
    (a, b) => a.arrivedAt.localeCompare(b.arrivedAt) || a.exportId.localeCompare(b.exportId),
  );
}
