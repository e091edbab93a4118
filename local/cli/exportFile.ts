import type { FileHandle } from 'node:fs/promises';
import {
  SNIFF_BYTES,
  unpack,
  unpackPlan,
  type ForcedEncoding,
  type Unpacked,
  type UnpackPlan,
} from '../../shared/export/unpack.ts';

const READ_BYTES = 1024 * 1024;

/** A file as the pipeline would read it: unpacked, UTF-16 as UTF-8. */
export type ExportFile = UnpackPlan & {
  /** Its text from the first byte on; may be called again. Throws what `unpack` throws, at once or while reading. */
  readonly content: () => Promise<Unpacked>;
};

/**
 * Look at a file's first bytes and name.
 *
 * @param bytes its size
 * @throws {ExportRejectedError} as `unpackPlan`
 */
export async function exportFile(
  handle: FileHandle,
  { name, bytes }: { readonly name: string; readonly bytes: number },
  { maxBytes, forced }: { readonly maxBytes: number; readonly forced: ForcedEncoding | undefined },
): Promise<ExportFile> {
  const read = (start: number, end: number): AsyncIterable<Uint8Array> => readRange(handle, start, end);
  const plan = unpackPlan(name, await firstBytes(read(0, SNIFF_BYTES), SNIFF_BYTES), forced);
  const content = async (): Promise<Unpacked> =>
    plan.packing === 'none'
      ? { name, content: read(0, bytes) }
      : unpack({ bytes, read }, name, plan, { maxBytes, ...(forced && { forced }) });
  return { ...plan, content };
}

/** The first `length` bytes of a stream, or all it has. */
export async function firstBytes(stream: AsyncIterable<Uint8Array>, length: number): Promise<Buffer> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const bytes of stream) {
    kept.push(Buffer.from(bytes));
    size += bytes.length;
    if (size >= length) break;
  }
  return Buffer.concat(kept).subarray(0, length);
}

/** A range of the file in buffers that are used again for the next one. */
async function* readRange(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(READ_BYTES, end - start)));
  for (let at = start; at < end;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
