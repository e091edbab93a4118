import { ExportRejectedError } from '../errors.ts';
import { newChunkRow } from '../ledger/chunks.ts';
import { toChunkTableRow } from '../ledger/chunkRows.ts';
import type { BlobAddress } from '../storage/blobs.ts';
import { tooManyRecords } from './limits.ts';
import { BoundaryScanner } from './scanner.ts';
import type { SplitServices } from './services.ts';
import type { SplitClaim } from './splitClaim.ts';
import type { ChunkBoundary, ExportPlan, ScanCheckpoint } from './types.ts';

type ScanServices = Pick<SplitServices, 'tables' | 'blobs' | 'clock' | 'settings'>;

/**
 * Stream the pinned content once, from the last checkpoint on, and write each chunk into the ledger as it is found. What lies
 * there of an interrupted scan is found again the same and left alone.
 * @returns the checkpoint behind the last chunk
 * @throws {ExportRejectedError} QUOTE_NEVER_CLOSED, TOO_MANY_RECORDS
 */
export async function scanExport(
  claim: SplitClaim,
  { source, bytes }: { readonly source: BlobAddress; readonly bytes: number },
  plan: ExportPlan,
  { tables, blobs, clock, settings }: ScanServices,
): Promise<ScanCheckpoint> {
  const from = claim.row.checkpoint ?? startOf(plan);
  const scanner = new BoundaryScanner({ dialect: plan.dialect, chunkRecords: plan.chunkRecords, from });
  let savedAt = clock.monotonic();

  const keep = async (boundaries: readonly ChunkBoundary[]): Promise<void> => {
    const now = clock.now();
    const rows = boundaries.map((boundary) => toChunkTableRow(newChunkRow(boundary, claim.row, now)));
    await tables.chunks.insertMissing(rows);
  };

  for await (const piece of blobs.read(source, { start: from.offset, end: bytes }, claim.signal)) {
    const boundaries = scanner.write(piece);
    if (scanner.records > settings.maxExportRecords)
      throw new ExportRejectedError(tooManyRecords(settings.maxExportRecords));
    if (boundaries.length === 0) continue;
    await keep(boundaries);
    if (clock.monotonic() - savedAt < settings.checkpointMs) continue;
    const { checkpoint } = scanner;
    await claim.change((row) => ({ ...row, checkpoint }));
    savedAt = clock.monotonic();
  }
  claim.signal.throwIfAborted();
  const last = scanner.end();
  if (scanner.records > settings.maxExportRecords)
    throw new ExportRejectedError(tooManyRecords(settings.maxExportRecords));
  if (last !== undefined) await keep([last]);
  return { ...scanner.checkpoint, utf8: scanner.census };
}

/** The checkpoint of a scan that has not begun. */
export const startOf = ({ head, firstLine }: ExportPlan): ScanCheckpoint => ({
  offset: head.end,
  records: 0,
  line: firstLine,
  chunks: 0,
  utf8: { wellFormed: false, malformed: false },
});
