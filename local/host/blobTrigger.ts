import type { RegisteredFunction } from './app.ts';
import { tryLock } from './blobLock.ts';
import { type BlobPath, parseBlobPath } from './blobPath.ts';
import type { BlobProperties, Container } from './blobService.ts';
import type { Binding, TypedData } from './coreTypes.ts';
import { functionId, HOST_CONTAINER, type HostContext, triggerOf } from './hostContext.ts';
import { HOST_STORAGE, resolveSettings } from './settings.ts';

/** What waits in the host's internal queue for a blob trigger. */
export type BlobMessage = {
  readonly Type: 'BlobTrigger';
  readonly FunctionId: string;
  readonly BlobType: 'BlockBlob';
  readonly ContainerName: string;
  readonly BlobName: string;
  /** '' when Event Grid is the source: whatever the content is by then, the function runs on it. */
  readonly ETag: string;
};

type BlobTriggerOptions = { readonly path: string; readonly connection?: string; readonly source?: string };

const COMPLETED = 'Completed';

/** A function with a blob trigger, its source aside. */
export class BlobFunction {
  readonly id: string;
  readonly path: BlobPath;
  readonly container: Container;
  /** The setting that holds the connection string. */
  readonly connection: string;
  readonly usesEventGrid: boolean;
  readonly #host: HostContext;
  readonly #fn: RegisteredFunction;
  readonly #trigger: Binding & BlobTriggerOptions;
  readonly #receipts: Container;
  /** Blobs this very process is at: its own lease would not keep it from starting twice. */
  readonly #running = new Set<string>();

  constructor(host: HostContext, fn: RegisteredFunction) {
    const where = `Function ${fn.metadata.name}`;
    this.#host = host;
    this.#fn = fn;
    this.#trigger = triggerOf(fn) as Binding & BlobTriggerOptions;
    this.id = functionId(fn);
    this.path = parseBlobPath(resolveSettings(this.#trigger.path, host.settings, where));
    this.connection = this.#trigger.connection ?? HOST_STORAGE;
    this.container = host.storage.container(this.connection, this.path.container, where);
    this.usesEventGrid = this.#trigger.source === 'EventGrid';
    this.#receipts = host.storage.container(HOST_STORAGE, HOST_CONTAINER, where);
  }

  get name(): string {
    return this.#fn.metadata.name;
  }

  /** Whether the function has finished with this content of the blob. */
  async isCompleted(blob: string, etag: string): Promise<boolean> {
    const receipt = await this.#receipts.properties(this.#receiptOf(blob, etag));
    return receipt?.metadata[COMPLETED.toLowerCase()] === 'True';
  }

  /**
   * Runs the function for a message. With polling: once for each ETag, never where the blob has changed since (the scan
   * finds the new content), `later` while another process is at it. With Event Grid: whenever an event says so.
   */
  async handle({ ContainerName, BlobName, ETag }: BlobMessage): Promise<'done' | 'later'> {
    const where = `Function ${this.name}`;
    const container =
      ContainerName === this.container.name
        ? this.container
        : this.#host.storage.container(this.connection, ContainerName, where);
    const properties = await container.properties(BlobName);
    if (properties === undefined) return 'done';
    if (this.usesEventGrid) {
      await this.#run(container, BlobName, properties);
      return 'done';
    }
    return properties.etag === ETag ? this.#runOnce(BlobName, properties) : 'done';
  }

  async #runOnce(blob: string, properties: BlobProperties): Promise<'done' | 'later'> {
    const receipt = this.#receiptOf(blob, properties.etag);
    if (this.#running.has(receipt)) return 'later';
    this.#running.add(receipt);
    try {
      const lock = await tryLock(this.#receipts, receipt, this.#host.instanceId);
      if (lock === undefined) return 'later';
      try {
        if (await this.isCompleted(blob, properties.etag)) return 'done';
        await this.#run(this.container, blob, properties);
        await this.#receipts.setMetadata(receipt, COMPLETED, 'True', lock.leaseId);
        return 'done';
      } finally {
        await lock.release();
      }
    } finally {
      this.#running.delete(receipt);
    }
  }

  async #run(container: Container, blob: string, properties: BlobProperties): Promise<void> {
    const { name } = this.#trigger;
    await this.#host.invoke(this.#fn, {
      inputData: [{ name, data: await this.#dataOf(container, blob) }],
      triggerMetadata: {
        BlobTrigger: { string: `${container.name}/${blob}` },
        Uri: { json: JSON.stringify(container.urlOf(blob)) },
        Properties: {
          json: JSON.stringify({
            Length: properties.bytes,
            ETag: properties.etag,
            ContentType: properties.contentType,
            LastModified: properties.lastModified,
          }),
        },
        Metadata: { json: JSON.stringify(properties.metadata) },
        ...captures(this.path.match(blob)),
      },
    });
  }

  /** A reference where the binding asks for one, else the whole content, as in the real host. */
  async #dataOf(container: Container, blob: string): Promise<TypedData> {
    if (this.#trigger.properties?.['supportsDeferredBinding'] !== 'true') {
      return { bytes: (await container.read(blob)) ?? Buffer.alloc(0) };
    }
    const content = { Connection: this.connection, ContainerName: container.name, BlobName: blob };
    return {
      modelBindingData: {
        version: '1.0',
        source: 'AzureStorageBlobs',
        contentType: 'application/json',
        content: Buffer.from(JSON.stringify(content)),
      },
    };
  }

  #receiptOf(blob: string, etag: string): string {
    return `blobreceipts/${this.#host.hostId}/${this.id}/${etag}/${this.container.name}/${blob}`;
  }
}

function captures(values: Record<string, string> | undefined): Record<string, TypedData> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, string]) => [name, { string }]));
}
