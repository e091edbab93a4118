import { createHash } from 'node:crypto';

/**
 * Digest of an export's content: the SHA-256 over its header line as it came and the digests of its chunks, lower-case hex.
 * The same records under the same header cut into chunks of the same size give the same digest, whatever the file is called.
 *
 * @param header bytes of the header line with its line end, without BOM
 * @param chunkDigests SHA-256 of each chunk in order, lower-case hex
 */
export function exportDigest(header: Uint8Array, chunkDigests: Iterable<string>): string {
  const hash = createHash('sha256').update(header);
  for (const digest of chunkDigests) hash.update(digest, 'hex');
  return hash.digest('hex');
}
