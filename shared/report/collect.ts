import { arrivalsOf } from '../ledger/arrivals.ts';
import { listChunks } from '../ledger/chunks.ts';
import { CONNECTOR_ROW_KEY, fromConnectorTableRow } from '../ledger/connectorRows.ts';
import { readExport } from '../ledger/exports.ts';
import {
  connectorKey,
  FINAL_EXPORT_STATES,
  type ChunkRow,
  type ConnectorRow,
  type ExportRow,
} from '../ledger/model.ts';
import type { TableStore } from '../storage/tables.ts';
import { attentionOf } from './attention.ts';
import { boundsOf, dayOf, instantOn, utcDaysOf, type Day } from './days.ts';
import { exportStatus, NOT_TAKEN_ON, SENT_WHOLE } from './exportStatus.ts';
import { watchedSince } from './since.ts';
import { sumTallies } from '../ledger/sums.ts';
import type { ConnectorStatus, DayStatus, ExportStatus } from './types.ts';

/** The ledger's tables, for reading. */
export type ReportTables = {
  readonly exports: TableStore;
  readonly chunks: TableStore;
  readonly connectors: TableStore;
  readonly marks: TableStore;
};

export type ReportSettings = {
  /** Names of the connectors that are set up. */
  readonly connectors: readonly string[];
  readonly timeZone: string;
  /** Time of day, `HH:MM`, by which a day's export has usually arrived. */
  readonly expectedBy?: string;
  readonly hashBlobNames: boolean;
};

/** Chunk tables read at once for exports that are on their way. */
const READS_AT_ONCE = 8;

/**
 * The status of one day: every export that arrived on it, with its figures as the ledger has them now.
 *
 * @param now UTC ms
 */
export async function collectDay(
  day: Day,
  tables: ReportTables,
  settings: ReportSettings,
  now: number,
): Promise<DayStatus> {
  const bounds = boundsOf(day, settings.timeZone);
  const since = await watchedSince(tables.marks, dayOf(now, settings.timeZone));
  const connectors = await Promise.all(
    settings.connectors.map((connector) => connectorStatus(connector, day, tables, settings, now, since)),
  );
  const strays = await exportsOf('', day, tables, settings, now);
  const open = [...connectors.flatMap((each) => each.exports), ...strays].some(
    ({ state }) => !FINAL_EXPORT_STATES.has(state),
  );
  return {
    version: 1,
    day,
    timeZone: settings.timeZone,
    from: new Date(bounds.from).toISOString(),
    to: new Date(bounds.to).toISOString(),
    writtenAt: new Date(now).toISOString(),
    final: now >= bounds.to && !open,
    attention: attentionOf(connectors, strays),
    connectors,
    strays,
  };
}

async function connectorStatus(
  connector: string,
  day: Day,
  tables: ReportTables,
  settings: ReportSettings,
  now: number,
  since: Day,
): Promise<ConnectorStatus> {
  const exports = await exportsOf(connector, day, tables, settings, now);
  const stored = await tables.connectors.get(connectorKey(connector), CONNECTOR_ROW_KEY);
  const row = stored && fromConnectorTableRow(stored.row);
  const sums = sumTallies(exports);
  const due = Math.min(
    boundsOf(day, settings.timeZone).to,
    settings.expectedBy === undefined ? Infinity : instantOn(day, settings.expectedBy, settings.timeZone),
  );
  return {
    connector,
    ...sums,
    missing: exports.every(({ state }) => NOT_TAKEN_ON.has(state)) && now >= due && day >= since,
    condition: conditionOf(row, exports),
    ...(row?.reason && row.circuit !== 'closed' ? { reason: row.reason } : {}),
    toDo: exports.reduce((sum, { toDo }) => sum + toDo, 0),
    ...(sums.accepted > 0 && sums.requests > 0 ? { firstTryShare: 1 - sums.retries / sums.requests } : {}),
    exports,
  };
}

function conditionOf(
  row: ConnectorRow | undefined,
  exports: readonly ExportStatus[],
): ConnectorStatus['condition'] {
  if (row?.paused) return 'paused';
  if (row && row.circuit !== 'closed') return row.kind === 'blocked' ? 'blocked' : 'waiting';
  return exports.some(({ chunks }) => (chunks.waiting ?? 0) > 0) ? 'waiting' : 'ok';
}

/** Exports of a connector that arrived on a day, in the order of their arrival; those of no connector for `''`. */
export async function arrivedOn(
  day: Day,
  connector: string,
  tables: Pick<ReportTables, 'exports' | 'marks'>,
  timeZone: string,
): Promise<ExportRow[]> {
  const { from, to } = boundsOf(day, timeZone);
  const days = await Promise.all(
    utcDaysOf(day, timeZone).map((utcDay) => arrivalsOf(tables, connector, utcDay)),
  );
  return days.flat().filter(({ arrivedAt }) => Date.parse(arrivedAt) >= from && Date.parse(arrivedAt) < to);
}

async function exportsOf(
  connector: string,
  day: Day,
  tables: ReportTables,
  { timeZone, hashBlobNames }: ReportSettings,
  now: number,
): Promise<ExportStatus[]> {
  const rows = await arrivedOn(day, connector, tables, timeZone);
  const statuses: ExportStatus[] = [];
  for (let at = 0; at < rows.length; at += READS_AT_ONCE) {
    const some = rows.slice(at, at + READS_AT_ONCE);
    const shown = some.map(async (row) => {
      const [chunks, original] = await Promise.all([
        chunksOf(tables.chunks, row),
        originalOf(tables.exports, row),
      ]);
      return exportStatus(row, chunks, now, hashBlobNames, original);
    });
    statuses.push(...(await Promise.all(shown)));
  }
  return statuses;
}

/** Of a duplicate, the export that has its content. */
async function originalOf(exports: TableStore, row: ExportRow): Promise<ExportRow | undefined> {
  if (row.duplicateOf === undefined) return undefined;
  return (await readExport(exports, { connectorKey: row.connectorKey, exportId: row.duplicateOf }))?.row;
}

/** Chunks of an export that is on its way or ended badly; the others' figures stand in their own rows. */
async function chunksOf(chunks: TableStore, { exportId, state }: ExportRow): Promise<ChunkRow[]> {
  if (SENT_WHOLE.has(state) || NOT_TAKEN_ON.has(state)) return [];
  return (await listChunks(chunks, exportId)).map(({ row }) => row);
}
