import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { CONTAINERS, exportId, type ExportRow } from '../../shared/ledger/model.ts';
import type { Input } from './inputs.ts';
import type { LedgerView } from './ledgerView.ts';
import { sameBytes } from './sameBytes.ts';

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
   * @throws {AbortError} once `signal` is aborted: the blob is as it was before
   */
  async put(input: Input, again: boolean, signal?: AbortSignal): Promise<Uploaded> {
    // Storage takes a backslash for a slash, and would know the blob by another name than we do.
    const blobName = `${this.#connector}/${input.name.replaceAll('\\', '/')}`;
    const unfinished = (await this.#ledger.unfinished(this.#connector)).filter(
      (row) => row.blobName === blobName,
    );
    for (const row of unfinished) {
      if (await this.#holds(row, input, signal)) return { exportId: row.exportId, blobName, resumed: true };
    }
    const blob = this.#container.getBlockBlobClient(blobName);
    const { etag = '' } = await blob.uploadFile(input.file, {
      blockSize: BLOCK_BYTES,
      concurrency: UPLOADS_AT_ONCE,
      ...(signal && { abortSignal: signal }),
      ...(again ? { metadata: { again: 'true' } } : {}),
    });
    return { exportId: exportId(CONTAINERS.exports, blobName, etag), blobName, resumed: false };
  }

  /** True when the blob is still the version of that export and holds the file's bytes. */
  async #holds(row: ExportRow, input: Input, signal: AbortSignal | undefined): Promise<boolean> {
    if (row.bytes !== input.bytes) return false;
    const blob = this.#container.getBlobClient(row.blobName);
    const facts = await blob.getProperties().catch(() => undefined);
    if (facts?.etag === undefined) return false;
    if (exportId(CONTAINERS.exports, row.blobName, facts.etag) !== row.exportId) return false;
    if (input.bytes === 0) return true;
    const { readableStreamBody } = await blob.download(0, undefined, signal && { abortSignal: signal });
    const file = createReadStream(input.file, { highWaterMark: 1 << 20, ...(signal && { signal }) });
    return sameBytes(Readable.from(readableStreamBody ?? []), file);
  }
}
