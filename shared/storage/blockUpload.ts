import { randomUUID } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import { withRetries, type RetryContext } from './retry.ts';

/** A block, and the most that a write holds in memory. 50,000 of them make a blob. */
const BLOCK_BYTES = 8 * 2 ** 20;

export type UploadOptions = {
  readonly retry: RetryContext;
  readonly metadata: Record<string, string>;
  readonly contentType?: string;
  readonly onlyIfAbsent?: boolean;
  readonly signal?: AbortSignal;
};

/**
 * Write a whole block blob; nothing is seen of it before the end. Buffers of `content` are copied before the next one is
 * asked for.
 */
export async function uploadBlocks(
  blob: BlockBlobClient,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  { retry, metadata, contentType, onlyIfAbsent, signal }: UploadOptions,
): Promise<void> {
  const options = {
    metadata,
    ...(contentType === undefined ? {} : { blobHTTPHeaders: { blobContentType: contentType } }),
    ...(onlyIfAbsent === true ? { conditions: { ifNoneMatch: '*' } } : {}),
  };
  const put = (bytes: Uint8Array) =>
    withRetries(
      retry,
      (_attempt, abortSignal) => blob.upload(bytes, bytes.length, { ...options, abortSignal }),
      signal,
    );
  if (content instanceof Uint8Array) {
    await put(content);
    return;
  }

  // Blocks of two writers of one blob must not be taken for one another's.
  const prefix = randomUUID();
  const ids: string[] = [];
  const stage = async (block: Uint8Array): Promise<void> => {
    const id = Buffer.from(`${prefix}-${String(ids.length).padStart(6, '0')}`).toString('base64');
    await withRetries(
      retry,
      (_attempt, abortSignal) => blob.stageBlock(id, block, block.length, { abortSignal }),
      signal,
    );
    ids.push(id);
  };
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let used = 0;
  for await (const bytes of content) {
    for (let at = 0; at < bytes.length;) {
      if (used === BLOCK_BYTES) {
        await stage(block);
        used = 0;
      }
      const taken = Math.min(bytes.length - at, BLOCK_BYTES - used);
      block.set(bytes.subarray(at, at + taken), used);
      used += taken;
      at += taken;
    }
  }
  if (ids.length === 0) {
    await put(block.subarray(0, used));
    return;
  }
  await stage(block.subarray(0, used));
  await withRetries(
    retry,
    (_attempt, abortSignal) => blob.commitBlockList(ids, { ...options, abortSignal }),
    signal,
  );
}
