import { SourceLostError, type Reason } from '../errors.ts';
import { closeExport } from '../export/complete.ts';
import { pinExport } from '../export/pin.ts';
import type { SplitServices } from '../export/services.ts';
import { changeChunk, listChunks } from '../ledger/chunks.ts';
import { fromExportTableRow } from '../ledger/exportRows.ts';
import { changeExport, isoTime, mayBecome, moved, readExport } from '../ledger/exports.ts';
import { FINAL_EXPORT_STATES, type ChunkRow, type ExportRow } from '../ledger/model.ts';
import { chunkMessageOf } from '../ledger/chunkMessage.ts';
import { readParts } from '../ledger/parts.ts';
import { reopened, reopenParts } from './reopen.ts';

export type ReplayServices = Pick<
  SplitServices,
  'tables' | 'blobs' | 'queue' | 'clock' | 'log' | 'settings' | 'rulesOf'
>;

/** What to replay: everything of a connector that failed or is held, one export, or one chunk of it. */
export type ReplayRequest = {
  readonly connectorKey: string;
  readonly exportId?: string;
  readonly chunk?: number;
};

/** What a replay set going, and why it could not set going the rest. */
export type Replayed = {
  readonly exports: number;
  readonly chunks: number;
  readonly refused: readonly { readonly exportId: string; readonly reason: Reason }[];
};

/** States that a replay of a whole connector takes up; a cancelled export or one that lost its source must be named. */
const FAILED: ReadonlySet<ExportRow['state']> = new Set(['failed', 'queued', 'pushing']);

/**
 * Send what failed or is held once more: failed chunks, batches a human had to decide about, batches of which the service says it
 * did not save all (COUNT_GAP). What was accepted is not sent again; what may have been received counts as possibly duplicated.
 * Repeating it is fine: what is under way already is left alone.
 */
export async function replay(request: ReplayRequest, services: ReplayServices): Promise<Replayed> {
  const refused: { exportId: string; reason: Reason }[] = [];
  let exports = 0;
  let chunks = 0;
  for await (const row of exportsOf(request, services)) {
    try {
      const count = await replayExport(row, request.chunk, services);
      chunks += count;
      if (count > 0) exports++;
    } catch (error) {
      if (!(error instanceof SourceLostError)) throw error;
      refused.push({ exportId: row.exportId, reason: error.reason });
      await closeExport(row, 'sourceLost', error.reason, services);
    }
  }
  return { exports, chunks, refused };
}

async function* exportsOf(
  { connectorKey, exportId }: ReplayRequest,
  { tables }: ReplayServices,
): AsyncGenerator<ExportRow> {
  if (exportId !== undefined) {
    const stored = await readExport(tables.exports, { connectorKey, exportId });
    if (stored !== undefined) yield stored.row;
    return;
  }
  for await (const { row } of tables.exports.list({ partitionKey: connectorKey })) {
    const found = fromExportTableRow(row);
    if (FAILED.has(found.state)) yield found;
  }
}

async function replayExport(
  row: ExportRow,
  only: number | undefined,
  services: ReplayServices,
): Promise<number> {
  const { tables, log } = services;
  const stopped = (await listChunks(tables.chunks, row.exportId)).filter(
    ({ row: { state, chunk } }) =>
      (state === 'failed' || state === 'held') && (only === undefined || only === chunk),
  );
  if (stopped.length === 0) return 0;
  const ready = await makeReady(row, services);
  if (ready === undefined) return 0;
  let count = 0;
  for (const { row: chunk } of stopped) if (await replayChunk(chunk, ready, services)) count++;
  log.info('export.replayed', { exportId: row.exportId, connector: row.connector, count });
  return count;
}

/** The export under way again, its content pinned; undefined when it may not be, as nothing of it was ever sent. */
async function makeReady(row: ExportRow, services: ReplayServices): Promise<ExportRow | undefined> {
  const { tables, clock } = services;
  const begun = await changeExport(tables.exports, row, (current) => {
    if (!mayBecome(current.state, 'pushing')) return undefined;
    if (!FINAL_EXPORT_STATES.has(current.state)) return undefined;
    const { finishedAt: _finishedAt, closing: _closing, source: _source, ...rest } = current;
    return moved(rest, 'pushing', clock.now(), { pinned: true, failed: 0, reasons: [] });
  });
  if (begun === undefined || FINAL_EXPORT_STATES.has(begun.row.state)) return undefined;
  if (begun.row.source !== undefined) return begun.row;
  const rules = await services.rulesOf(row.connector);
  const source = await pinExport(begun.row, services, rules?.mapping?.encoding);
  const pinned = await changeExport(tables.exports, row, (current) =>
    current.state === 'pushing' ? { ...current, source, pinned: true } : undefined,
  );
  return pinned?.row.state === 'pushing' ? pinned.row : undefined;
}

/**
 * Three steps, so that a crash between them leaves a chunk that another replay takes up: batches reopened in the chunk's row, then
 * in the rows of parts, then the chunk is free to be claimed.
 */
async function replayChunk(
  chunk: ChunkRow,
  exportRow: ExportRow,
  { tables, queue, clock }: ReplayServices,
): Promise<boolean> {
  const isStopped = ({ state }: ChunkRow): boolean => state === 'failed' || state === 'held';
  const parts = await readParts(tables.chunks, chunk.exportId, chunk.chunk);
  const open = await changeChunk(tables.chunks, chunk, (row) =>
    isStopped(row) ? reopened(row, parts) : undefined,
  );
  if (open === undefined || !isStopped(open.row)) return false;
  await reopenParts(tables.chunks, open.row, parts);
  const now = clock.now();
  const freed = await changeChunk(tables.chunks, chunk, (row) => {
    if (!isStopped(row)) return undefined;
    const { reason: _reason, dueAt: _dueAt, ...rest } = row;
    const issued = { issuedAt: isoTime(now), issues: row.issues + 1 };
    return { ...rest, ...issued, state: 'pending', stateAt: isoTime(now), owner: '', claimUntil: '' };
  });
  if (freed?.row.state !== 'pending') return false;
  await queue.send(chunkMessageOf(freed.row, exportRow));
  return true;
}
