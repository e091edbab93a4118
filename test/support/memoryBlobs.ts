import type { Clock } from '../../shared/clock.ts';
import { ConflictError, SourceLostError } from '../../shared/errors.ts';
import type { BlobAddress, BlobFacts, BlobStore, ByteRange } from '../../shared/storage/blobs.ts';
import { atomic, type FaultHook, type StoreOptions } from './faultHook.ts';

type MemoryBlob = BlobFacts & { readonly content: Buffer };

const sourceLost = (): SourceLostError =>
  new SourceLostError({
    code: 'SOURCE_LOST',
    cause: 'The pinned content of the export is gone.',
    cure: 'Put the export into the container again.',
  });

/** Blob storage in memory: ETags, snapshots, copies; a blob with snapshots cannot be deleted. */
export class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<string, MemoryBlob>();
  /** What soft delete keeps. */
  readonly #deleted: { readonly address: BlobAddress; readonly blob: MemoryBlob }[] = [];
  readonly #hook: FaultHook | undefined;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #pieceBytes: number;
  #version = 0;

  constructor(options: StoreOptions & { clock?: Pick<Clock, 'now'>; pieceBytes?: number } = {}) {
    this.#hook = options.hook;
    this.#clock = options.clock ?? { now: () => Date.now() };
    this.#pieceBytes = options.pieceBytes ?? 65_536;
  }

  /** Put a blob as the EHR would, without a call of the hook; returns its ETag. */
  put(
    address: BlobAddress,
    content: string | Uint8Array,
    metadata: Record<string, string> = {},
    modifiedAt = this.#clock.now(),
  ): string {
    const bytes = Buffer.from(typeof content === 'string' ? Buffer.from(content) : content);
    const etag = `"0x${(++this.#version).toString(16)}"`;
    this.#keepDeleted(blobKey(address));
    this.#blobs.set(blobKey(address), { etag, bytes: bytes.length, modifiedAt, metadata, content: bytes });
    return etag;
  }

  /** Content of a blob or snapshot, without a call of the hook; undefined when there is none. */
  content(address: BlobAddress): Buffer | undefined {
    return this.#blobs.get(blobKey(address))?.content;
  }

  /** Addresses of every blob and snapshot of a container, without a call of the hook. */
  addresses(container: string): BlobAddress[] {
    return [...this.#blobs.keys()].map(addressOf).filter((address) => address.container === container);
  }

  /** Take a blob and its snapshots away, as its owner may. */
  destroy(address: BlobAddress): void {
    for (const key of this.#blobs.keys()) {
      const { container, name } = addressOf(key);
      if (container === address.container && name === address.name) this.#delete(key);
    }
  }

  facts(address: BlobAddress): Promise<BlobFacts | undefined> {
    return this.#call(address, 'facts', () => {
      const blob = this.#blobs.get(blobKey(address));
      return blob && factsOf(blob);
    });
  }

  snapshot(address: BlobAddress, etag: string, mark: string): Promise<BlobAddress> {
    return this.#call(address, 'snapshot', () => {
      const blob = this.#current(address, etag);
      const snapshot = { ...address, snapshot: String(++this.#version).padStart(8, '0') };
      this.#blobs.set(blobKey(snapshot), { ...blob, metadata: { ...blob.metadata, pinnedfor: mark } });
      return snapshot;
    });
  }

  removeSnapshots(address: BlobAddress, mark: string): Promise<void> {
    return this.#call(address, 'removeSnapshots', () => {
      for (const [key, blob] of this.#blobs) {
        const { container, name, snapshot } = addressOf(key);
        const ours = snapshot !== undefined && blob.metadata['pinnedfor'] === mark;
        if (ours && container === address.container && name === address.name) this.#delete(key);
      }
    });
  }

  copy(from: BlobAddress, etag: string, to: BlobAddress): Promise<void> {
    return this.#call(from, 'copy', () => {
      this.put(to, this.#current(from, etag).content);
    });
  }

  async *read(address: BlobAddress, range: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let at = range.start; at < range.end; at += this.#pieceBytes) {
      signal?.throwIfAborted();
      yield await this.#call(address, 'read', () => {
        const blob = this.#blobs.get(blobKey(address));
        if (blob === undefined) throw sourceLost();
        return Uint8Array.from(blob.content.subarray(at, Math.min(range.end, at + this.#pieceBytes)));
      });
    }
  }

  async write(
    address: BlobAddress,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options: NonNullable<Parameters<BlobStore['write']>[2]> = {},
  ): Promise<BlobFacts> {
    const pieces: Uint8Array[] = [];
    if (content instanceof Uint8Array) pieces.push(content);
    else for await (const piece of content) pieces.push(Uint8Array.from(piece));
    options.signal?.throwIfAborted();
    return this.#call(address, 'write', () => {
      if (options.onlyIfAbsent === true && this.#blobs.has(blobKey(address)))
        throw new ConflictError('The blob exists.');
      this.put(address, Buffer.concat(pieces), options.metadata ?? {});
      return factsOf(this.#blobs.get(blobKey(address))!);
    });
  }

  async *list(container: string, prefix = ''): AsyncGenerator<BlobFacts & { name: string }> {
    const found = await this.#call({ container }, 'list', () =>
      [...this.#blobs]
        .map(([key, blob]) => ({ address: addressOf(key), blob }))
        .filter(({ address: { container: c, name, snapshot }, blob }) => {
          const folder = blob.metadata['hdi_isfolder'] === 'true';
          return c === container && snapshot === undefined && name.startsWith(prefix) && !folder;
        })
        .map(({ address, blob }) => ({ ...factsOf(blob), name: address.name }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
    yield* found;
  }

  async *listDeleted(container: string): AsyncGenerator<BlobFacts & { name: string }> {
    yield* await this.#call({ container }, 'list', () =>
      this.#deleted
        .filter(({ address, blob }) => address.container === container && !('pinnedfor' in blob.metadata))
        .map(({ address, blob }) => ({ ...factsOf(blob), name: address.name })),
    );
  }

  remove(address: BlobAddress): Promise<void> {
    return this.#call(address, 'remove', () => {
      const held = this.addresses(address.container).some(
        ({ name, snapshot }) => name === address.name && snapshot !== undefined,
      );
      if (held && address.snapshot === undefined) throw new Error('SnapshotsPresent');
      this.#delete(blobKey(address));
    });
  }

  #delete(key: string): void {
    this.#keepDeleted(key);
    this.#blobs.delete(key);
  }

  #keepDeleted(key: string): void {
    const blob = this.#blobs.get(key);
    if (blob) this.#deleted.push({ address: addressOf(key), blob });
  }

  #current(address: BlobAddress, etag: string): MemoryBlob {
    const blob = this.#blobs.get(blobKey(address));
    if (blob?.etag !== etag) throw new ConflictError('The blob changed.');
    return blob;
  }

  #call<Result>({ container }: { container: string }, operation: string, step: () => Result) {
    return atomic(this.#hook, { port: 'blob', store: container, operation }, step);
  }
}

const blobKey = ({ container, name, snapshot }: BlobAddress): string =>
  JSON.stringify([container, name, snapshot ?? null]);

function addressOf(key: string): BlobAddress {
  const [container, name, snapshot] = JSON.parse(key) as [string, string, string | null];
  return snapshot === null ? { container, name } : { container, name, snapshot };
}

const factsOf = ({ etag, bytes, modifiedAt, metadata }: MemoryBlob): BlobFacts => ({
  etag,
  bytes,
  modifiedAt,
  metadata,
});
