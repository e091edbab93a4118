import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import { toChunkTableRow } from '../ledger/chunkRows.ts';
import { readChunk } from '../ledger/chunks.ts';
import type { Stored } from '../ledger/exports.ts';
import type { ChunkRow } from '../ledger/model.ts';
import type { TableStore } from '../storage/tables.ts';
import { freshBatches } from '../ledger/batches.ts';
import { GroupedWriter } from './groupedWriter.ts';

/** A chunk that wakes up this much before it is due is due: clocks differ. ms */
const EARLY_MS = 2_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** Why a chunk cannot be worked on now; undefined when it can. */
export function whyNot(row: ChunkRow, now: number): 'settled' | 'held' | 'claimed' | 'notDue' | undefined {
  if (row.state === 'delivered' || row.state === 'failed') return 'settled';
  if (row.state === 'held') return 'held';
  if (row.owner !== '' && Date.parse(row.claimUntil) > now) return 'claimed';
  if (row.state === 'waiting' && row.dueAt !== undefined && Date.parse(row.dueAt) - EARLY_MS > now)
    return 'notDue';
  return undefined;
}

export type ClaimOptions = {
  readonly chunks: TableStore;
  readonly clock: Clock;
  readonly owner: string;
  readonly claimMs: number;
  readonly recordsPerRequest: number;
};

/**
 * Claim a chunk: from then on only the returned writer changes its row, and each write extends the claim. Whoever claims it
 * after the claim lapsed takes it over; the writer then fails with FencedError.
 * @returns undefined when another was faster
 */
export async function claimChunk(
  { row, etag }: Stored<ChunkRow>,
  { chunks, clock, owner, claimMs, recordsPerRequest }: ClaimOptions,
): Promise<GroupedWriter<ChunkRow> | undefined> {
  const now = clock.now();
  const { dueAt: _dueAt, reason: _reason, ...rest } = row;
  const claimed: ChunkRow = {
    ...rest,
    state: 'pushing',
    stateAt: row.state === 'pushing' ? row.stateAt : iso(now),
    batches: row.batches === '' ? freshBatches(row.records, recordsPerRequest) : row.batches,
    owner,
    claimUntil: iso(now + claimMs),
  };
  let newEtag;
  try {
    newEtag = await chunks.replace(toChunkTableRow(claimed), etag);
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
  const port = {
    read: () => readChunk(chunks, row.exportId, row.chunk),
    write: (next: ChunkRow, known: string | undefined) => chunks.replace(toChunkTableRow(next), known!),
    owned: (stored: ChunkRow, wanted: ChunkRow) =>
      stored.owner === owner ||
      (wanted.owner === '' &&
        stored.owner === '' &&
        stored.state === wanted.state &&
        stored.stateAt === wanted.stateAt),
    // What the sweep and the poison queue note about a chunk is theirs, whoever pushes it.
    merge: ({ issuedAt, issues, poisonings, acceptedAtPoisoning }: ChunkRow, wanted: ChunkRow) => ({
      ...wanted,
      issuedAt,
      issues,
      poisonings,
      acceptedAtPoisoning,
    }),
    stamp: (next: ChunkRow) =>
      next.owner === owner ? { ...next, claimUntil: iso(clock.now() + claimMs) } : next,
    deadline: ({ claimUntil }: ChunkRow) =>
      Math.max(clock.now() + claimMs / 2, claimUntil === '' ? 0 : Date.parse(claimUntil)),
  };
  return new GroupedWriter(port, clock, claimed, newEtag);
}
