import { randomUUID } from 'node:crypto';
import type { BlobServiceClient, ContainerListBlobsOptions } from '@azure/storage-blob';
import { isAddressable } from '../blobName.ts';
import { ConflictError } from '../errors.ts';
import type { BlobAddress, BlobFacts, BlobStore } from './blobs.ts';
import { uploadBlocks } from './blockUpload.ts';
import { readRange, type Authorise, type RangeReaderServices } from './rangeReader.ts';
import { statusOf, withRetries } from './retry.ts';

/** Metadata of a snapshot: the mark by which `removeSnapshots` knows it. */
const SNAPSHOT_MARK = 'pinnedfor';
/** Metadata of a blob written with `onlyIfAbsent`: tells a writer its own blob after an answer was lost. */
const WRITE_MARK = 'writemark';
const COPY_POLL_MS = 500;

export type AzureBlobServices = RangeReaderServices & {
  /** Makes a GET of this URL, at which the blob or snapshot lies, one that the service lets pass. */
  readonly authorise: (url: string, address: BlobAddress) => ReturnType<Authorise>;
};

/** Blobs of an Azure Storage account. The client must not retry by itself: retries have one place. */
export function azureBlobs(client: BlobServiceClient, services: AzureBlobServices): BlobStore {
  const { retry } = services;

  const blobOf = ({ container, name, snapshot }: BlobAddress) => {
    const blob = client.getContainerClient(container).getBlockBlobClient(name);
    return snapshot === undefined ? blob : blob.withSnapshot(snapshot);
  };

  async function facts(address: BlobAddress): Promise<BlobFacts | undefined> {
    if (!isAddressable(address.name)) return undefined;
    return withRetries(retry, async (_attempt, abortSignal) => {
      try {
        return factsOf(await blobOf(address).getProperties({ abortSignal }));
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  }

  /** Every page of a listing, each asked for again when its answer is lost. */
  async function* items(
    container: string,
    prefix: string,
    include: Pick<ContainerListBlobsOptions, 'includeSnapshots' | 'includeDeleted'> = {},
  ) {
    let continuationToken: string | undefined;
    do {
      const page = await withRetries(retry, async (_attempt, abortSignal) => {
        const pages = client
          .getContainerClient(container)
          .listBlobsFlat({ prefix, includeMetadata: true, ...include, abortSignal })
          .byPage(continuationToken ? { continuationToken } : {});
        return (await pages.next()).value;
      });
      yield* page?.segment.blobItems ?? [];
      continuationToken = page?.continuationToken;
    } while (continuationToken);
  }

  async function remove(address: BlobAddress): Promise<void> {
    await withRetries(retry, (_attempt, abortSignal) => blobOf(address).deleteIfExists({ abortSignal }));
  }

  return {
    facts,
    remove,
    async snapshot(address, etag, mark) {
      const { snapshot } = await withRetries(retry, (_attempt, abortSignal) =>
        blobOf(address)
          .createSnapshot({ conditions: { ifMatch: etag }, metadata: { [SNAPSHOT_MARK]: mark }, abortSignal })
          .catch(asConflict),
      );
      return { container: address.container, name: address.name, snapshot: snapshot ?? '' };
    },
    async removeSnapshots(address, mark) {
      for await (const { name, snapshot, metadata } of items(address.container, address.name, {
        includeSnapshots: true,
      })) {
        // Sorted by name: what follows only begins with the same letters.
        if (name !== address.name) break;
        if (snapshot && metadata?.[SNAPSHOT_MARK] === mark) await remove({ ...address, snapshot });
      }
    },
    async copy(from, etag, to) {
      // Copy Blob, not Put Blob From URL: within an account it needs no second authorisation and has no limit of size.
      await withRetries(retry, async (_attempt, abortSignal) => {
        const poller = await blobOf(to)
          .beginCopyFromURL(blobOf(from).url, {
            sourceConditions: { ifMatch: etag },
            intervalInMs: COPY_POLL_MS,
            abortSignal,
          })
          .catch(asConflict);
        await poller.pollUntilDone();
      });
    },
    read: (address, range, signal) => {
      const { url } = blobOf(address);
      return readRange(() => services.authorise(url, address), range, services, signal);
    },
    async write(address, content, options = {}) {
      const mark = options.onlyIfAbsent === true ? randomUUID() : undefined;
      const metadata = { ...options.metadata, ...(mark === undefined ? {} : { [WRITE_MARK]: mark }) };
      try {
        await uploadBlocks(blobOf(address), content, { ...options, metadata, retry });
      } catch (error) {
        if (mark === undefined || ![409, 412].includes(statusOf(error) ?? 0)) throw error;
        const found = await facts(address);
        if (found?.metadata[WRITE_MARK] === mark) return found;
        throw new ConflictError('The blob exists.', { cause: error });
      }
      const written = await facts(address);
      if (written === undefined) throw new Error('A blob vanished right after it was written.');
      return written;
    },
    async *list(container, prefix = '') {
      for await (const { name, properties, metadata } of items(container, prefix)) {
        if (metadata?.['hdi_isfolder'] === 'true') continue;
        yield { name, ...factsOf({ ...properties, ...(metadata ? { metadata } : {}) }) };
      }
    },
    async *listDeleted(container) {
      // What an overwrite left is a snapshot.
      const include = { includeSnapshots: true, includeDeleted: true };
      for await (const { name, properties, metadata, deleted } of items(container, '', include)) {
        if (!deleted || metadata?.[SNAPSHOT_MARK] !== undefined) continue;
        yield { name, ...factsOf({ ...properties, ...(metadata ? { metadata } : {}) }) };
      }
    },
  };
}

type Properties = {
  etag?: string | undefined;
  contentLength?: number | undefined;
  lastModified?: Date | undefined;
  metadata?: Record<string, string>;
};

/** Listings give ETags without the quotes that every other answer has. */
function factsOf({ etag = '', contentLength = 0, lastModified, metadata = {} }: Properties): BlobFacts {
  return {
    etag: etag.startsWith('"') ? etag : `"${etag}"`,
    bytes: contentLength,
    modifiedAt: lastModified?.getTime() ?? 0,
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]),
    ),
  };
}

function asConflict(error: unknown): never {
  if (![404, 412].includes(statusOf(error) ?? 0)) throw error;
  throw new ConflictError('The blob changed or is gone.', { cause: error });
}
