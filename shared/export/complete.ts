import { ConflictError, MOST_REASONS, mostReasons, type Reason } from '../errors.ts';
import { listChunks, removeChunks } from '../ledger/chunks.ts';
import {
  changeExport,
  moved,
  readExport,
  replaceExport,
  type ExportKeys,
  type Stored,
} from '../ledger/exports.ts';
import { giveUpChunk } from '../ledger/giveUp.ts';
import {
  FINAL_CHUNK_STATES,
  FINAL_EXPORT_STATES,
  type ChunkRow,
  type ExportRow,
  type ExportState,
} from '../ledger/model.ts';
import { sumTallies } from '../ledger/sums.ts';
import { dropPins } from './pin.ts';
import type { SplitServices } from './services.ts';

/** What ending an export is given. */
export type CompleteServices = Pick<SplitServices, 'blobs' | 'clock' | 'log'> & {
  readonly tables: Pick<SplitServices['tables'], 'exports' | 'chunks'>;
};

/** States of exports of which nothing was sent: their chunks are traces of the split. */
const NEVER_SENT: ReadonlySet<string> = new Set(['rejected', 'duplicate']);

/**
 * End an export whose every chunk is final: sums, state, then the pin is dropped. Cheap when something is still to do, and fine
 * to be called by everyone who ended a chunk, at once or again.
 * @param stillOpen told which chunks, by number, keep it from ending
 * @returns the export when it has ended, undefined when it has not
 */
export async function completeExport(
  keys: ExportKeys,
  services: CompleteServices,
  stillOpen?: (chunks: readonly number[]) => void,
): Promise<ExportRow | undefined> {
  const { tables, clock, log } = services;
  for (;;) {
    const stored = await readExport(tables.exports, keys);
    if (stored === undefined) return undefined;
    const { row } = stored;
    if (FINAL_EXPORT_STATES.has(row.state)) return releaseExport(stored, services);
    if (row.state !== 'queued' && row.state !== 'pushing') return undefined;
    // Without a source it is being opened again by a replay.
    if (row.source === undefined && row.closing === undefined) return undefined;
    const chunks = (await listChunks(tables.chunks, row.exportId)).map((chunk) => chunk.row);
    const open = chunks.filter(({ state }) => !FINAL_CHUNK_STATES.has(state));
    if (open.length > 0) stillOpen?.(open.map(({ chunk }) => chunk));
    if (chunks.length < row.chunks || open.length > 0) return undefined;
    try {
      const ended = await replaceExport(tables.exports, stored, ending(row, chunks, clock.now()));
      log.info('export.ended', {
        exportId: row.exportId,
        connector: row.connector,
        state: ended.row.state,
        records: row.records,
        durationMs: clock.now() - Date.parse(row.arrivedAt),
      });
      const { quarantined } = ended.row;
      if (quarantined > 0) {
        const { exportId, connector, records } = row;
        log.warn('records.refused', { exportId, connector, records, count: quarantined });
      }
      return await releaseExport(ended, services);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function ending(row: ExportRow, chunks: readonly ChunkRow[], now: number): ExportRow {
  const { records: _records, ...sums } = sumTallies(chunks);
  const whole = sums.quarantined > 0 ? 'completedWithRefusals' : 'completed';
  const state = sums.failed > 0 ? (row.closing ?? 'failed') : whole;
  const { closing: _closing, ...rest } = row;
  const reasons = withReasons(row.reasons, chunks);
  return moved(rest, state, now, { ...sums, reasons, owner: '', claimUntil: '' });
}

/** Why chunks failed, each cause once. */
function withReasons(reasons: readonly Reason[], chunks: readonly ChunkRow[]): readonly Reason[] {
  const all = [...reasons];
  for (const { state, reason } of chunks) {
    const known = all.some(({ code, cause }) => code === reason?.code && cause === reason.cause);
    if (state === 'failed' && reason !== undefined && !known) all.push(reason);
  }
  return mostReasons(all);
}

/**
 * End an export before its time: what is not settled yet counts as failed, and whoever pushes one of its chunks is fenced off.
 * Noted in the ledger first, so that the sweep finishes what a crash interrupts. One that was not queued yet has nothing to
 * count; one that has ended stays as it is.
 * @param applies asked of each newer state: whether the export is still to be ended
 */
export async function closeExport(
  keys: ExportKeys,
  closing: 'cancelled' | 'sourceLost',
  reason: Reason,
  services: CompleteServices,
  applies: (row: ExportRow) => boolean = () => true,
): Promise<ExportRow | undefined> {
  const { tables, clock } = services;
  const noted = await changeExport(tables.exports, keys, (row) => {
    if (FINAL_EXPORT_STATES.has(row.state) || row.closing !== undefined || !applies(row)) return undefined;
    // The last one is why it is closed.
    const reasons = [...row.reasons.slice(0, MOST_REASONS - 1), reason];
    if (row.state === 'queued' || row.state === 'pushing') return { ...row, closing, reasons };
    return endedUnsent(row, closing, clock.now(), { reasons });
  });
  return noted && finishClosing(noted.row, services);
}

/**
 * The row of an export that ends before anything of it was sent. Its plan goes: the header in there may have been a record.
 * @param now UTC ms
 */
export function endedUnsent(
  { plan: _plan, ...row }: ExportRow,
  state: ExportState,
  now: number,
  change: Partial<ExportRow>,
): ExportRow {
  return moved(row, state, now, { records: 0, chunks: 0, owner: '', claimUntil: '', ...change });
}

/** Give up what is left of an export that is being closed, then complete it. */
export async function finishClosing(
  row: ExportRow,
  services: CompleteServices,
): Promise<ExportRow | undefined> {
  const { tables, clock } = services;
  const reason = row.reasons.at(-1);
  if (row.closing !== undefined && reason !== undefined) {
    // Since `row` was read, the export may have ended and been opened again.
    const isClosing = async (): Promise<boolean> =>
      (await readExport(tables.exports, row))?.row.closing !== undefined;
    for (const { row: chunk } of await listChunks(tables.chunks, row.exportId)) {
      await giveUpChunk(tables.chunks, chunk, reason, clock.now(), isClosing);
    }
  }
  return completeExport(row, services);
}

/**
 * Let go of what an ended export held: its snapshot or staged copy, and the chunks of one of which nothing was sent. Until that is
 * noted in its row, the sweep comes back to it.
 */
export async function releaseExport(
  stored: Stored<ExportRow>,
  services: Pick<CompleteServices, 'tables' | 'blobs'>,
): Promise<ExportRow> {
  const { row } = stored;
  if (!row.pinned) return row;
  const { tables } = services;
  await discard(row, services);
  const { source: _source, checkpoint: _checkpoint, ...rest } = row;
  try {
    return (await replaceExport(tables.exports, stored, { ...rest, pinned: false })).row;
  } catch (error) {
    // Somebody else released it, or a replay opened it again and pins it under another mark.
    if (error instanceof ConflictError) return row;
    throw error;
  }
}

/** Delete what an ended export needs no longer, whoever made it. */
export async function discard(
  row: ExportRow,
  { tables, blobs }: Pick<CompleteServices, 'tables' | 'blobs'>,
): Promise<void> {
  if (NEVER_SENT.has(row.state) || row.records === 0) await removeChunks(tables.chunks, row.exportId);
  await dropPins(row, { blobs });
}
