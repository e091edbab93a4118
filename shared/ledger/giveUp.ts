import { ConflictError, type Reason } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';
import { goesInParts, isSettled, letterOf, withLetter } from './batches.ts';
import { readChunk } from './chunks.ts';
import { toChunkTableRow } from './chunkRows.ts';
import { isoTime, type Stored } from './exports.ts';
import { BATCH_LETTERS, FINAL_CHUNK_STATES, type ChunkRow } from './model.ts';
import { readParts, tallyOf, toPartsTableRow, type BatchParts } from './parts.ts';

type Chunks = Pick<TableStore, 'get' | 'list' | 'replace'>;

/**
 * Give a chunk up: whatever was not accepted counts as failed, refused records too, since their quarantine file is only written when
 * a chunk ends well. What parts of unsettled batches achieved joins the figures, so that a replay knows all of it.
 * Whoever pushes the chunk is fenced off: first from the rows of parts, so that none changes after it was counted, then from the chunk.
 * @param applies asked after each newer state was read: whether the chunk is still to be given up
 * @param now UTC ms
 * @returns the chunk as it then is; undefined when it is not in the ledger
 */
export async function giveUpChunk(
  chunks: Chunks,
  { exportId, chunk }: Pick<ChunkRow, 'exportId' | 'chunk'>,
  reason: Reason,
  now: number,
  applies: (row: ChunkRow) => boolean | Promise<boolean> = () => true,
): Promise<Stored<ChunkRow> | undefined> {
  for (;;) {
    const stored = await readChunk(chunks, exportId, chunk);
    if (stored === undefined || FINAL_CHUNK_STATES.has(stored.row.state)) return stored;
    if (!(await applies(stored.row))) return stored;
    try {
      const row = failed(await withPartsJoined(chunks, stored.row), reason, now);
      return { row, etag: await chunks.replace(toChunkTableRow(row), stored.etag) };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function failed(row: ChunkRow, reason: Reason, now: number): ChunkRow {
  const { dueAt: _dueAt, ...rest } = row;
  const counts = { quarantined: 0, failed: row.records - row.accepted };
  return { ...rest, ...counts, state: 'failed', stateAt: isoTime(now), reason, owner: '', claimUntil: '' };
}

async function withPartsJoined(chunks: Chunks, row: ChunkRow): Promise<ChunkRow> {
  // A chunk never claimed has no parts.
  if (row.batches === '') return row;
  let joined = row;
  for (const [batch, { row: parts, etag }] of await readParts(chunks, row.exportId, row.chunk)) {
    const letter = letterOf(row.batches, batch);
    if (isSettled(letter) || !goesInParts(letter)) continue;
    await chunks.replace(toPartsTableRow(row.exportId, row.chunk, batch, { ...parts, writer: '' }), etag);
    joined = settledInParts(joined, batch, parts);
  }
  return joined;
}

/** What the parts of a batch achieved, in the figures of its chunk. What the service did not save is left to the caller to count. */
function settledInParts(row: ChunkRow, batch: number, parts: BatchParts): ChunkRow {
  const tally = tallyOf(parts);
  return {
    ...row,
    batches: withLetter(row.batches, batch, BATCH_LETTERS.inParts),
    accepted: row.accepted + tally.accepted,
    possiblyDuplicated: row.possiblyDuplicated + tally.possiblyDuplicated,
  };
}
