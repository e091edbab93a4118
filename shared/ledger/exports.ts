import { ConflictError } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';
import { fromExportTableRow, toExportTableRow } from './exportRows.ts';
import { FINAL_EXPORT_STATES, type ExportRow, type ExportState } from './model.ts';

/** A row of the ledger with the ETag that a change of it must present. */
export type Stored<Row> = { readonly row: Row; readonly etag: string };

/** Where an export lies in the ledger. */
export type ExportKeys = Pick<ExportRow, 'connectorKey' | 'exportId'>;

/** Every way an export may go. A final state is left only by a replay, which sends what failed once more. */
const TRANSITIONS: Readonly<Record<ExportState, readonly ExportState[]>> = {
  received: ['splitting', 'rejected', 'cancelled', 'sourceLost'],
  splitting: ['queued', 'completed', 'rejected', 'duplicate', 'cancelled', 'sourceLost'],
  queued: ['pushing', 'completed', 'completedWithRefusals', 'failed', 'cancelled', 'sourceLost'],
  pushing: ['completed', 'completedWithRefusals', 'failed', 'cancelled', 'sourceLost'],
  failed: ['pushing'],
  cancelled: ['pushing'],
  sourceLost: ['pushing'],
  completed: [],
  completedWithRefusals: [],
  rejected: [],
  duplicate: [],
};

/** Whether an export may go from one state to the other; staying is no transition. */
export const mayBecome = (from: ExportState, to: ExportState): boolean => TRANSITIONS[from].includes(to);

/** UTC ms as the ledger writes instants. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/**
 * The export in its next state, with `change` on top. @param now UTC ms
 * @throws {Error} for a transition that the table does not have: a fault of the program
 */
export function moved(
  row: ExportRow,
  to: ExportState,
  now: number,
  change: Partial<ExportRow> = {},
): ExportRow {
  if (!mayBecome(row.state, to))
    throw new Error(`Export ${row.exportId} cannot go from ${row.state} to ${to}.`);
  const finished = FINAL_EXPORT_STATES.has(to) ? { finishedAt: isoTime(now) } : {};
  return { ...row, state: to, stateAt: isoTime(now), ...finished, ...change };
}

/** The export as the ledger has it now; undefined when it is not there. */
export async function readExport(
  exports: Pick<TableStore, 'get'>,
  { connectorKey, exportId }: ExportKeys,
): Promise<Stored<ExportRow> | undefined> {
  const stored = await exports.get(connectorKey, exportId);
  return stored && { row: fromExportTableRow(stored.row), etag: stored.etag };
}

/** Insert an export that was just heard of; the one that is there already, when another was faster. */
export async function insertExport(
  exports: Pick<TableStore, 'get' | 'insert'>,
  row: ExportRow,
): Promise<Stored<ExportRow>> {
  try {
    return { row, etag: await exports.insert(toExportTableRow(row)) };
  } catch (error) {
    const stored = error instanceof ConflictError ? await readExport(exports, row) : undefined;
    if (stored === undefined) throw error;
    return stored;
  }
}

/** Replace an export that is still as it was read. @throws {ConflictError} when it changed */
export async function replaceExport(
  exports: Pick<TableStore, 'replace'>,
  { etag }: Stored<ExportRow>,
  row: ExportRow,
): Promise<Stored<ExportRow>> {
  return { row, etag: await exports.replace(toExportTableRow(row), etag) };
}

/**
 * Change an export as `to` says, anew on a newer state when another was faster; `to` gives undefined when nothing is to change.
 * @returns the export as it then is; undefined when it is not in the ledger
 */
export async function changeExport(
  exports: Pick<TableStore, 'get' | 'replace'>,
  keys: ExportKeys,
  to: (row: ExportRow) => ExportRow | undefined,
): Promise<Stored<ExportRow> | undefined> {
  for (;;) {
    const stored = await readExport(exports, keys);
    const next = stored && to(stored.row);
    if (stored === undefined || next === undefined) return stored;
    try {
      return await replaceExport(exports, stored, next);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
