import { createReadStream } from 'node:fs';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { CONTAINERS, exportId, type ExportRow } from '../../shared/ledger/model.ts';
import type { Input } from './inputs.ts';
import type { LedgerView } from './ledgerView.ts';

const BLOCK_BYTES = 8 << 20;
const UPLOADS_AT_ONCE = 4;

/** An export as it lies in the `exports` container. */
export type Uploaded = { readonly exportId: string; readonly blobName: string; readonly resumed: boolean };

/** Puts files where an EHR system would: into the connector's folder of the `exports` container. */
export class Uploads {
  readonly #container: ContainerClient;
  readonly #ledger: LedgerView;
  readonly #connector: string;

  constructor(connectionString: string, ledger: LedgerView, connector: string) {
    this.#container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(
      CONTAINERS.exports,
    );
    this.#ledger = ledger;
    this.#connector = connector;
  }

  /**
   * Upload one file, unless an interrupted run left the same content unfinished: then that export goes on.
   *
   * @param again send it although the same content was sent before
   */
  async put(input: Input, again: boolean): Promise<Uploaded> {
    // Storage takes a backslash for a slash, and would know the blob by another name than we do.
    const blobName = `${this.#connector}/${input.name.replaceAll('\\', '/')}`;
    const unfinished = (await this.#ledger.unfinished(this.#connector)).filter(
      (row) => row.blobName === blobName,
    );
    for (const row of unfinished) {
      if (await this.#holds(row, input)) return { exportId: row.exportId, blobName, resumed: true };
    }
    const blob = this.#container.getBlockBlobClient(blobName);
    const { etag = '' } = await blob.uploadFile(input.file, {
      blockSize: BLOCK_BYTES,
      concurrency: UPLOADS_AT_ONCE,
      ...(again ? { metadata: { again: 'true' } } : {}),
    });
    return { exportId: exportId(CONTAINERS.exports, blobName, etag), blobName, resumed: false };
  }

  /** True when the blob is still the version of that export and holds the file's bytes. */
  async #holds(row: ExportRow, input: Input): Promise<boolean> {
    if (row.bytes !== input.bytes) return false;
    const blob = this.#container.getBlobClient(row.blobName);
    const facts = await blob.getProperties().catch(() => undefined);
    if (facts?.etag === undefined) return false;
    if (exportId(CONTAINERS.exports, row.blobName, facts.etag) !== row.exportId) return false;
    if (input.bytes === 0) return true;
    const download = await blob.download();
    return sameBytes(
      download.readableStreamBody ?? [],
      createReadStream(input.file, { highWaterMark: 1 << 20 }),
    );
  }
}

/** Compare two streams of bytes, whatever the sizes of their pieces. */
async function sameBytes(
  left: AsyncIterable<unknown> | Iterable<unknown>,
  right: AsyncIterable<unknown>,
): Promise<boolean> {
  const reader = right[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of left as AsyncIterable<Buffer>) {
    let expected = piece;
    while (expected.length > 0) {
      if (rest.length === 0) {
        const next = await reader.next();
        if (next.done) return false;
        rest = next.value as Buffer;
      }
      const count = Math.min(expected.length, rest.length);
      if (!expected.subarray(0, count).equals(rest.subarray(0, count))) return false;
      expected = expected.subarray(count);
      rest = rest.subarray(count);
    }
  }
  return rest.length === 0 && ((await reader.next()).done ?? false);
}
