import { ConflictError } from '../errors.ts';
import { chunkMessageOf } from './chunkMessage.ts';
import type { ChunkBoundary } from '../export/types.ts';
import type { MessageQueue } from '../storage/queue.ts';
import type { TableStore } from '../storage/tables.ts';
import { CHUNK_KIND, fromChunkTableRow, toChunkTableRow } from './chunkRows.ts';
import { isoTime, type ExportKeys, type Stored } from './exports.ts';
import { chunkRowKey, FINAL_CHUNK_STATES, type ChunkRow, type ExportRow } from './model.ts';

/** A chunk that the split has just found. @param now UTC ms */
export function newChunkRow(
  boundary: ChunkBoundary,
  { exportId, connectorKey }: ExportKeys,
  now: number,
): ChunkRow {
  return {
    ...boundary,
    exportId,
    connectorKey,
    state: 'pending',
    stateAt: isoTime(now),
    batches: '',
    owner: '',
    claimUntil: '',
    issuedAt: '',
    issues: 0,
    parkings: 0,
    poisonings: 0,
    acceptedAtPoisoning: 0,
    accepted: 0,
    quarantined: 0,
    failed: 0,
    possiblyDuplicated: 0,
    requests: 0,
    retries: 0,
    refusals: {},
    warnings: {},
  };
}

/** The chunks of an export, in order. */
export async function listChunks(
  chunks: Pick<TableStore, 'list'>,
  exportId: string,
): Promise<Stored<ChunkRow>[]> {
  const found: Stored<ChunkRow>[] = [];
  for await (const { row, etag } of chunks.list({ partitionKey: exportId, where: { kind: CHUNK_KIND } })) {
    found.push({ row: fromChunkTableRow(row), etag });
  }
  return found;
}

/** A chunk as the ledger has it now; undefined when it is not there. */
export async function readChunk(
  chunks: Pick<TableStore, 'get'>,
  exportId: string,
  chunk: number,
): Promise<Stored<ChunkRow> | undefined> {
  const stored = await chunks.get(exportId, chunkRowKey(chunk));
  return stored && { row: fromChunkTableRow(stored.row), etag: stored.etag };
}

/**
 * Change a chunk as `to` says, anew on a newer state when another was faster; `to` gives undefined when nothing is to change.
 * @returns the chunk as it then is; undefined when it is not in the ledger
 */
export async function changeChunk(
  chunks: Pick<TableStore, 'get' | 'replace'>,
  { exportId, chunk }: Pick<ChunkRow, 'exportId' | 'chunk'>,
  to: (row: ChunkRow) => ChunkRow | undefined,
): Promise<Stored<ChunkRow> | undefined> {
  for (;;) {
    const stored = await readChunk(chunks, exportId, chunk);
    const next = stored && to(stored.row);
    if (stored === undefined || next === undefined) return stored;
    try {
      return { row: next, etag: await chunks.replace(toChunkTableRow(next), stored.etag) };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** Delete every row of an export's chunks, those of batches in parts included. */
export async function removeChunks(
  chunks: Pick<TableStore, 'list' | 'remove'>,
  exportId: string,
): Promise<void> {
  for await (const { row, etag } of chunks.list({ partitionKey: exportId })) {
    await chunks.remove(row.partitionKey, row.rowKey, etag);
  }
}

/**
 * Send a chunk's message once more, noted in the ledger first: a crash between both costs a wait, not a chunk.
 * @returns false when the chunk changed meanwhile or is final: somebody works on it, or nobody needs to
 */
export async function reissueChunk(
  services: {
    readonly chunks: Pick<TableStore, 'replace'>;
    readonly queue: MessageQueue;
    readonly now: number;
  },
  exportRow: ExportRow,
  { row, etag }: Stored<ChunkRow>,
  change: Partial<ChunkRow> = {},
  delayMs = 0,
): Promise<boolean> {
  if (FINAL_CHUNK_STATES.has(row.state)) return false;
  const issuedAt = isoTime(services.now + delayMs);
  // Sent before its time, as all is well by now: it is due when it comes.
  const due = row.dueAt !== undefined && row.dueAt > issuedAt ? { dueAt: issuedAt } : {};
  const issued = { ...row, ...due, ...change, issuedAt, issues: row.issues + 1 };
  try {
    await services.chunks.replace(toChunkTableRow(issued), etag);
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
  await services.queue.send(chunkMessageOf(issued, exportRow), delayMs);
  return true;
}
