import { ConflictError, type Reason } from '../errors.ts';
import { releaseExport } from '../export/complete.ts';
import { pinAgain } from '../export/pinAgain.ts';
import type { SplitServices } from '../export/services.ts';
import { changeChunk, listChunks } from '../ledger/chunks.ts';
import { fromExportTableRow } from '../ledger/exportRows.ts';
import { contentHolder } from '../ledger/contents.ts';
import {
  isoTime,
  mayBecome,
  moved,
  readExport,
  replaceExport,
  type ExportKeys,
  type Stored,
} from '../ledger/exports.ts';
import { FINAL_EXPORT_STATES, type ChunkRow, type ExportRow } from '../ledger/model.ts';
import { chunkMessageOf } from '../ledger/chunkMessage.ts';
import { readParts, type BatchParts } from '../ledger/parts.ts';
import { SENT_BY_ANOTHER } from '../ledger/reasons.ts';
import { reopened, reopenParts } from './reopen.ts';

export type ReplayServices = Pick<
  SplitServices,
  'tables' | 'blobs' | 'queue' | 'clock' | 'log' | 'settings' | 'rulesOf' | 'newOwner'
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
 * Repeating it is fine: what is under way already is left alone, and what an earlier one was cut off from is taken up.
 */
export async function replay(request: ReplayRequest, services: ReplayServices): Promise<Replayed> {
  const refused: { exportId: string; reason: Reason }[] = [];
  let exports = 0;
  let chunks = 0;
  for await (const row of exportsOf(request, services)) {
    const { count, reason } = await replayExport(row, request.chunk, services);
    if (reason !== undefined) refused.push({ exportId: row.exportId, reason });
    chunks += count;
    if (count > 0) exports++;
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

/** How many chunks are under way again, or why none is. */
type ReplayedExport = { readonly count: number; readonly reason?: Reason };

/**
 * In an order in which a crash at any point leaves the export to be ended, or to be replayed, with figures that add up: it is opened;
 * its chunks are held, so that nobody ends it without them; batches are reopened; the chunks may be claimed; the content is pinned.
 */
async function replayExport(
  row: ExportRow,
  only: number | undefined,
  services: ReplayServices,
): Promise<ReplayedExport> {
  const { tables, queue, log } = services;
  const stopped = (await listChunks(tables.chunks, row.exportId))
    .map((stored) => stored.row)
    .filter((chunk) => isStopped(chunk) && (only === undefined || only === chunk.chunk));
  if (stopped.length === 0) return { count: 0 };
  if (await sentByAnother(row, services)) return { count: 0, reason: SENT_BY_ANOTHER };
  if ((await openExport(row, services)) === undefined) return { count: 0 };
  const held = await all(stopped, (chunk) => holdChunk(chunk, services));
  // Once more: whoever read the chunks before they were held, in order to end the export, fails by this write or was faster.
  const opened = await openExport(row, services);
  if (opened === undefined) return { count: 0 };
  const free = await all(held, (chunk) => freeChunk(chunk, services));
  const { ready, refused } =
    opened.source === undefined ? await pinAgain(opened, services) : { ready: opened };
  if (ready === undefined) return { count: 0, ...(refused && { reason: refused }) };
  for (const chunk of free) await queue.send(chunkMessageOf(chunk, ready));
  log.info('export.replayed', { exportId: row.exportId, connector: row.connector, count: free.length });
  return { count: free.length };
}

/** What `step` makes of each item, one after the other; items of which it makes nothing are left out. */
async function all<Item, Result>(
  items: readonly Item[],
  step: (item: Item) => Promise<Result | undefined>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    const result = await step(item);
    if (result !== undefined) results.push(result);
  }
  return results;
}

/** An export that ended before anything of it can have arrived may have given its content up. */
async function sentByAnother(row: ExportRow, { tables }: ReplayServices): Promise<boolean> {
  if (row.contentHash === undefined || !FINAL_EXPORT_STATES.has(row.state)) return false;
  return (await contentHolder(tables, row, row.contentHash)) !== undefined;
}

/**
 * The export under way again, written anew in any case; undefined when it may not be, or is being ended. One that had ended lacks a
 * source at first: until it is pinned, however long that takes, nobody works on it and nobody ends it. A crash before that is mended
 * by the sweep.
 */
async function openExport(
  keys: ExportKeys,
  services: Pick<ReplayServices, 'tables' | 'blobs' | 'clock'>,
): Promise<ExportRow | undefined> {
  const { tables, clock } = services;
  for (;;) {
    const stored = await readExport(tables.exports, keys);
    if (stored === undefined || stored.row.closing !== undefined) return undefined;
    const { row } = stored;
    const ended = FINAL_EXPORT_STATES.has(row.state);
    if (ended && !mayBecome(row.state, 'pushing')) return undefined;
    if (ended && row.pinned) {
      // Old pins are found by the mark that the export bears until now.
      await releaseExport(stored, services);
      continue;
    }
    try {
      const next = ended ? openedAgain(row, clock.now()) : row;
      return (await replaceExport(tables.exports, stored, next)).row;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** While an export is under way, its figures are those of its chunks. */
const NOTHING_COUNTED = { accepted: 0, quarantined: 0, failed: 0, possiblyDuplicated: 0 } as const;

function openedAgain(
  { finishedAt: _finishedAt, source: _source, ...row }: ExportRow,
  now: number,
): ExportRow {
  const replays = (row.replays ?? 0) + 1;
  return moved(row, 'pushing', now, { ...NOTHING_COUNTED, pinned: true, replays, reasons: [] });
}

/** Whether a chunk waits for a replay. A failed one of which all was accepted has nothing to send. */
const isStopped = ({ state, accepted, records }: ChunkRow): boolean =>
  state === 'held' || (state === 'failed' && accepted < records);

type Held = { readonly row: ChunkRow; readonly parts: ReadonlyMap<number, Stored<BatchParts>> };

/** The chunk with its batches reopened in its own row, and held: nobody takes it, and the export cannot end. */
async function holdChunk(
  chunk: ChunkRow,
  { tables, clock }: Pick<ReplayServices, 'tables' | 'clock'>,
): Promise<Held | undefined> {
  const parts = await readParts(tables.chunks, chunk.exportId, chunk.chunk);
  const stateAt = isoTime(clock.now());
  const held = await changeChunk(tables.chunks, chunk, (row) =>
    isStopped(row) ? { ...reopened(row, parts), state: 'held', stateAt } : undefined,
  );
  return held?.row.state === 'held' ? { row: held.row, parts } : undefined;
}

/** Its batches are reopened in the rows of their parts too, then the chunk may be claimed. Undefined when another replay does it. */
async function freeChunk(
  { row: held, parts }: Held,
  { tables, clock }: Pick<ReplayServices, 'tables' | 'clock'>,
): Promise<ChunkRow | undefined> {
  try {
    await reopenParts(tables.chunks, held, parts);
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
  const now = isoTime(clock.now());
  const freed = await changeChunk(tables.chunks, held, (row) => {
    if (row.state !== 'held') return undefined;
    const { reason: _reason, dueAt: _dueAt, ...rest } = row;
    return {
      ...rest,
      state: 'pending',
      stateAt: now,
      issuedAt: now,
      issues: row.issues + 1,
      owner: '',
      claimUntil: '',
    };
  });
  return freed?.row.state === 'pending' ? freed.row : undefined;
}
