import { blobMessage } from './blobEvents.ts';
import { scanBlobs } from './blobScan.ts';
import type { BlobFunction, BlobMessage } from './blobTrigger.ts';
import { HOST_CONTAINER, type HostContext, type Listener } from './hostContext.ts';
import { QueueListener } from './queueListener.ts';
import { HOST_STORAGE } from './settings.ts';

const POISON_QUEUE = 'webjobs-blobtrigger-poison';

/** All blob triggers of an app: their scans, and the internal queue between what finds blobs and what works on them. */
export class BlobTriggers implements Listener {
  readonly #host: HostContext;
  readonly #functions: ReadonlyMap<string, BlobFunction>;
  readonly #listeners: Listener[] = [];

  constructor(host: HostContext, functions: readonly BlobFunction[]) {
    this.#host = host;
    this.#functions = new Map(functions.map((fn) => [fn.id, fn]));
  }

  async start(): Promise<void> {
    if (this.#functions.size === 0) return;
    await this.#host.storage.container(HOST_STORAGE, HOST_CONTAINER, 'The host').createIfMissing();
    const { config, times, log } = this.#host;
    this.#listeners.push(
      new QueueListener({
        ...times,
        queue: this.#queue(),
        poison: this.#host.storage.queue(this.#poisonConnection(), POISON_QUEUE, 'The host'),
        batchSize: config.blobs.maxDegreeOfParallelism,
        newBatchThreshold: config.blobs.maxDegreeOfParallelism - 1,
        maxDequeueCount: config.blobs.poisonBlobThreshold,
        retryDelayMs: 0,
        log,
        name: 'blob trigger',
        handle: async ({ text }) => {
          const message = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as BlobMessage;
          return (await this.#functions.get(message.FunctionId)?.handle(message)) ?? 'done';
        },
      }),
    );
    for (const fn of this.#functions.values()) {
      if (fn.usesEventGrid) continue;
      const found = (blob: string, etag: string) =>
        this.enqueue(blobMessage(fn, fn.container.name, blob, etag));
      this.#listeners.push(scanBlobs(this.#host, fn, found));
    }
  }

  /** The function of that id whose events come to the webhook. */
  find(id: string): BlobFunction | undefined {
    return this.#functions.get(id);
  }

  async enqueue(message: BlobMessage): Promise<void> {
    await this.#queue().add(Buffer.from(JSON.stringify(message)).toString('base64'));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
  }

  #queue() {
    return this.#host.storage.queue(
      HOST_STORAGE,
      `azure-webjobs-blobtrigger-${this.#host.hostId}`,
      'The host',
    );
  }

  /** The real host writes what failed to the trigger's own account. */
  #poisonConnection(): string | undefined {
    return [...this.#functions.values()][0]?.connection;
  }
}
