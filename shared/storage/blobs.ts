/** Where bytes lie. With `snapshot` the content is pinned: it never changes while it exists. */
export type BlobAddress = { readonly container: string; readonly name: string; readonly snapshot?: string };

/** What the service says of a blob. */
export type BlobFacts = {
  readonly etag: string;
  readonly bytes: number;
  /** UTC ms. */
  readonly modifiedAt: number;
  /** Names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
};

/** A run of bytes: `start` from 0, `end` exclusive. */
export type ByteRange = { readonly start: number; readonly end: number };

/** Blob storage as the domain needs it. A missing blob is undefined or SourceLostError, never a silent empty read. */
export interface BlobStore {
  /** Facts of a blob or snapshot; undefined when it does not exist, or cannot be asked for (see `isAddressable`). */
  facts(address: BlobAddress): Promise<BlobFacts | undefined>;
  /**
   * Snapshot the blob if its ETag is still `etag`. The snapshot bears `mark` (letters and digits), by which `removeSnapshots`
   * finds it even when the answer was lost and nobody knows its address. @throws {ConflictError} when it changed or is gone
   */
  snapshot(address: BlobAddress, etag: string, mark: string): Promise<BlobAddress>;
  /** Delete every snapshot of the blob that bears `mark`; none is fine. */
  removeSnapshots(address: BlobAddress, mark: string): Promise<void>;
  /** Server-side copy if the source's ETag is still `etag`; replaces the target. @throws {ConflictError} when it changed or is gone */
  copy(from: BlobAddress, etag: string, to: BlobAddress): Promise<void>;
  /**
   * The bytes of a range as they arrive (buffers of any size, not to be kept after the next one was asked for).
   * A dropped connection is resumed where it broke. @throws {SourceLostError} when the blob or snapshot is gone
   */
  read(address: BlobAddress, range: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Write a whole block blob, replacing what was there unless `onlyIfAbsent`. @throws {ConflictError} with `onlyIfAbsent` when it exists */
  write(
    address: BlobAddress,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: {
      contentType?: string;
      metadata?: Record<string, string>;
      onlyIfAbsent?: boolean;
      signal?: AbortSignal;
    },
  ): Promise<BlobFacts>;
  /** Blobs under a prefix, folders of a hierarchical namespace left out. */
  list(container: string, prefix?: string): AsyncIterable<BlobFacts & { readonly name: string }>;
  /**
   * What soft delete still keeps of a container's blobs: each version that was overwritten or deleted, by the ETag and the time that
   * it had; not what was pinned. Only of an account without a hierarchical namespace.
   */
  listDeleted(container: string): AsyncIterable<BlobFacts & { readonly name: string }>;
  /** Delete a blob or a snapshot; one already gone is fine. */
  remove(address: BlobAddress): Promise<void>;
}
