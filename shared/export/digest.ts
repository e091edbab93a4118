import { createHash } from 'node:crypto';
import { BoundaryScanner } from './scanner.ts';
import type { ExportPlan, ScanCheckpoint } from './types.ts';

/** Records of the pieces whose digests make up that of an export, so that it does not change with the size of chunks. */
const DIGEST_RECORDS = 100_000;

/**
 * Digest of an export's content: the SHA-256 over its header line as it came and the digests of its pieces of
 * {@link DIGEST_RECORDS} records, lower-case hex. The same records under the same header give the same digest, whatever the file is
 * called.
 *
 * @param header bytes of the header line with its line end, without BOM
 * @param pieceDigests SHA-256 of each piece in order, lower-case hex
 */
export function exportDigest(header: Uint8Array, pieceDigests: Iterable<string>): string {
  const hash = createHash('sha256').update(header);
  for (const digest of pieceDigests) hash.update(digest, 'hex');
  return hash.digest('hex');
}

/** Whether the chunks of an export are the pieces of its digest, so that it need not be read once more. */
export function chunksArePieces({ chunkRecords }: ExportPlan, records: number): boolean {
  return chunkRecords === DIGEST_RECORDS || records < Math.min(chunkRecords, DIGEST_RECORDS);
}

/**
 * SHA-256 of each piece of an export.
 *
 * @param from where its records begin
 * @param content the export from there on
 */
export async function pieceDigests(
  { dialect }: ExportPlan,
  from: ScanCheckpoint,
  content: AsyncIterable<Uint8Array>,
): Promise<string[]> {
  const scanner = new BoundaryScanner({ dialect, chunkRecords: DIGEST_RECORDS, from });
  const digests: string[] = [];
  for await (const bytes of content) for (const { sha256 } of scanner.write(bytes)) digests.push(sha256);
  const last = scanner.end();
  return last === undefined ? digests : [...digests, last.sha256];
}
