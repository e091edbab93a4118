import { duplicateReason } from '../ledger/contents.ts';
import { FINAL_EXPORT_STATES, type ChunkRow, type ChunkState, type ExportRow } from '../ledger/model.ts';
import { hashName } from '../telemetry/log.ts';
import { sumTallies, type Sums } from '../ledger/sums.ts';
import { CHUNK_LETTERS, type ExportStatus } from './types.ts';

/** Exports whose records stand outside the count: nothing of them was taken on. */
export const NOT_TAKEN_ON: ReadonlySet<ExportRow['state']> = new Set(['rejected', 'duplicate']);

/** Exports whose chunks are all delivered: they need not be read. */
export const SENT_WHOLE: ReadonlySet<ExportRow['state']> = new Set(['completed', 'completedWithRefusals']);

/**
 * One export as the status shows it. While it is on its way the figures come from its chunks, afterwards from its own row.
 *
 * @param chunks rows of its chunks; none are needed of one that was sent whole, or of which nothing was sent
 * @param now UTC ms
 * @param original of a duplicate, the export that has its content; undefined when the ledger has forgotten it
 */
export function exportStatus(
  row: ExportRow,
  chunks: readonly ChunkRow[],
  now: number,
  hideNames: boolean,
  original?: ExportRow,
): ExportStatus {
  const finished = FINAL_EXPORT_STATES.has(row.state);
  const sums: Sums = NOT_TAKEN_ON.has(row.state) ? sumTallies([]) : sumTallies(finished ? [row] : chunks);
  const records = NOT_TAKEN_ON.has(row.state) ? 0 : row.records;
  const states: Partial<Record<ChunkState, number>> = {};
  for (const { state } of chunks) states[state] = (states[state] ?? 0) + 1;
  if (chunks.length === 0 && row.chunks > 0 && SENT_WHOLE.has(row.state)) states.delivered = row.chunks;
  const nextTryAt = chunks
    .filter(({ state }) => state === 'waiting')
    .map(({ dueAt }) => dueAt ?? '')
    .toSorted()[0];
  const chunkReasons = finished ? [] : chunks.flatMap(({ reason }) => reason ?? []);
  const nameOf = ({ blobName }: ExportRow): string => (hideNames ? hashName(blobName) : blobName);
  const { duplicateOf } = row;
  const duplicate = duplicateOf === undefined ? [] : [duplicateReason(duplicateOf, original, !hideNames)];
  const reasons = [...row.reasons, ...duplicate, ...chunkReasons];
  return {
    exportId: row.exportId,
    name: nameOf(row),
    state: row.state,
    bytes: row.bytes,
    arrivedAt: row.arrivedAt,
    ...(row.finishedAt === undefined ? {} : { finishedAt: row.finishedAt }),
    seconds: Math.max(
      0,
      ((row.finishedAt ? Date.parse(row.finishedAt) : now) - Date.parse(row.receivedAt)) / 1000,
    ),
    ...sums,
    records,
    toDo: finished ? 0 : Math.max(0, records - sums.accepted - sums.quarantined - sums.failed),
    chunks: states,
    strip: stripOf(row, chunks),
    ...(nextTryAt ? { nextTryAt } : {}),
    reasons: reasons.filter(
      (reason, index) => reasons.findIndex((other) => other.cause === reason.cause) === index,
    ),
    ...(duplicateOf === undefined ? {} : { duplicateOf }),
    ...(original === undefined ? {} : { duplicateOfName: nameOf(original) }),
  };
}

function stripOf({ state, chunks: count }: ExportRow, chunks: readonly ChunkRow[]): string {
  if (chunks.length === 0 && SENT_WHOLE.has(state)) return CHUNK_LETTERS.delivered.repeat(count);
  return chunks.map((chunk) => CHUNK_LETTERS[chunk.state]).join('');
}
