import type { BlobAddress, BlobStore, ByteRange } from '../storage/blobs.ts';

/** A short range as one buffer. @throws {SourceLostError} when the blob is gone */
export async function readBytes(
  blobs: Pick<BlobStore, 'read'>,
  address: BlobAddress,
  range: ByteRange,
  signal?: AbortSignal,
): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(range.end - range.start);
  let filled = 0;
  for await (const bytes of blobs.read(address, range, signal)) {
    whole.set(bytes, filled);
    filled += bytes.length;
  }
  return whole.subarray(0, filled);
}
