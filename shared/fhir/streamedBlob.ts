import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { BlobAddress, BlobStore } from '../storage/blobs.ts';

/** A blob written piece by piece, in constant memory; begun with the first piece and there only once it is closed. */
export class StreamedBlob {
  readonly #blobs: Pick<BlobStore, 'write' | 'remove'>;
  readonly #address: BlobAddress;
  readonly #head: string;
  #stream: PassThrough | undefined;
  #done: Promise<unknown> | undefined;

  /** `head` goes before the first piece. */
  constructor(blobs: Pick<BlobStore, 'write' | 'remove'>, address: BlobAddress, head: string) {
    this.#blobs = blobs;
    this.#address = address;
    this.#head = head;
  }

  async write(piece: string | Uint8Array): Promise<void> {
    if (this.#stream === undefined) {
      this.#stream = new PassThrough();
      this.#done = this.#blobs.write(this.#address, this.#stream, { contentType: 'text/csv; charset=utf-8' });
      // Thrown by close(); without this an earlier failure would count as unhandled.
      this.#done.catch(() => undefined);
      this.#stream.on('error', () => undefined).write(this.#head);
    }
    if (!this.#stream.write(piece)) await Promise.race([once(this.#stream, 'drain'), this.#done]);
  }

  /** Ends the blob; when nothing was written, removes what an earlier try may have left. */
  async close(): Promise<void> {
    if (this.#stream === undefined) return this.#blobs.remove(this.#address);
    this.#stream.end();
    await this.#done;
  }

  /** Gives it up: nothing of it is stored. */
  async abort(): Promise<void> {
    this.#stream?.destroy(new Error('given up'));
    await this.#done?.catch(() => undefined);
  }
}
