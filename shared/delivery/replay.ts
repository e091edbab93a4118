import { SourceLostError, type Reason } from '../errors.ts';
import { closeExport, releaseExport } from '../export/complete.ts';
import { pinAgain } from '../export/pinAgain.ts';
import type { SplitServices } from '../export/services.ts';
import { changeChunk, listChunks } from '../ledger/chunks.ts';
import { fromExportTableRow } from '../ledger/exportRows.ts';
import { claimContent } from '../ledger/contents.ts';
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
    if (await sentByAnother(row, services)) {
      refused.push({ exportId: row.exportId, reason: SENT_BY_ANOTHER });
      continue;
    }
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

const SENT_BY_ANOTHER: Reason = {
  code: 'SENT_BY_ANOTHER',
  cause: 'The same content was sent, or is being sent, as another export since.',
  cure: 'Nothing, if it arrived; else replay the other export.',
};

/** An export that ended with nothing accepted gave its content up. It must have it back before it is sent after all. */
async function sentByAnother(row: ExportRow, { tables }: ReplayServices): Promise<boolean> {
  if (row.contentHash === undefined || !mayBecome(row.state, 'pushing') || row.accepted > 0) return false;
  if (!FINAL_EXPORT_STATES.has(row.state)) return false;
  return (await claimContent(tables, row, row.contentHash)) !== undefined;
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
  const opened = await openExport(row, services);
  if (opened === undefined) return 0;
  const free: ChunkRow[] = [];
  for (const { row: chunk } of stopped) {
    const freed = await freeChunk(chunk, services);
    if (freed !== undefined) free.push(freed);
  }
  const ready = opened.source === undefined ? await pinAgain(opened, services) : opened;
  if (ready === undefined) return 0;
  for (const chunk of free) await services.queue.send(chunkMessageOf(chunk, ready));
  log.info('export.replayed', { exportId: row.exportId, connector: row.connector, count: free.length });
  return free.length;
}

/**
 * The export under way again; undefined when it may not be, as nothing of it was ever sent. One that had ended lacks a source at
 * first: until it is pinned, however long that takes, nobody works on it and nobody ends it. A crash before that is mended by the
 * sweep.
 */
async function openExport(row: ExportRow, services: ReplayServices): Promise<ExportRow | undefined> {
  const { tables, clock } = services;
  const stored = await readExport(tables.exports, row);
  // Who lets go of the old pin must not meet the new one.
  if (stored !== undefined && FINAL_EXPORT_STATES.has(stored.row.state))
    await releaseExport(stored, services);
  const opened = await changeExport(tables.exports, row, (current) => {
    if (!FINAL_EXPORT_STATES.has(current.state) || !mayBecome(current.state, 'pushing')) return undefined;
    const { finishedAt: _finishedAt, closing: _closing, source: _source, ...rest } = current;
    return moved(rest, 'pushing', clock.now(), { ...NOTHING_COUNTED, pinned: true, reasons: [] });
  });
  return opened === undefined || FINAL_EXPORT_STATES.has(opened.row.state) ? undefined : opened.row;
}

/** While an export is under way, its figures are those of its chunks. */
const NOTHING_COUNTED = { accepted: 0, quarantined: 0, failed: 0, possiblyDuplicated: 0 } as const;

/**
 * Three steps, so that a crash between them leaves a chunk that another replay takes up: batches reopened in the chunk's row, then
 * in the rows of parts, then the chunk is free to be claimed.
 * @returns the chunk, when it was stopped and is free now
 */
async function freeChunk(
  chunk: ChunkRow,
  { tables, clock }: Pick<ReplayServices, 'tables' | 'clock'>,
): Promise<ChunkRow | undefined> {
  const isStopped = ({ state }: ChunkRow): boolean => state === 'failed' || state === 'held';
  const parts = await readParts(tables.chunks, chunk.exportId, chunk.chunk);
  const open = await changeChunk(tables.chunks, chunk, (row) =>
    isStopped(row) ? reopened(row, parts) : undefined,
  );
  if (open === undefined || !isStopped(open.row)) return undefined;
  await reopenParts(tables.chunks, open.row, parts);
  const now = clock.now();
  const freed = await changeChunk(tables.chunks, chunk, (row) => {
    if (!isStopped(row)) return undefined;
    const { reason: _reason, dueAt: _dueAt, ...rest } = row;
    const issued = { issuedAt: isoTime(now), issues: row.issues + 1 };
    return { ...rest, ...issued, state: 'pending', stateAt: isoTime(now), owner: '', claimUntil: '' };
  });
  return freed?.row.state === 'pending' ? freed.row : undefined;
}
