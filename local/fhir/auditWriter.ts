import { BlobServiceClient, type AppendBlobClient } from '@azure/storage-blob';
import { AUDIT_CONTAINER } from '../../shared/fhir/auditBlobs.ts';

/** Largest block that every version of the service appends at once, bytes. */
const MAX_BLOCK = 4 * 1024 * 1024;

/** Appends the audit log to one append blob an hour, as Azure Monitor does. */
export class AuditWriter {
  readonly #service: BlobServiceClient;
  readonly #resourceId: string;
  readonly #pending = new Map<string, string[]>();
  #held: boolean;
  #flushing: Promise<void> = Promise.resolve();

  /** `hold`: nothing is written before `release()`, so that each hour comes in one piece. */
  constructor(connectionString: string, resourceId: string, hold = false) {
    this.#service = BlobServiceClient.fromConnectionString(connectionString);
    this.#resourceId = resourceId;
    this.#held = hold;
  }

  /** Logs an entry into the blob of the hour in which it was received (UTC ms). */
  log(entry: object, receivedAt: number): void {
    const name = this.#blobName(receivedAt);
    const lines = this.#pending.get(name) ?? [];
    lines.push(`${JSON.stringify(entry)}\n`);
    this.#pending.set(name, lines);
    // A failed append is told by flush(), which every run ends with.
    if (!this.#held) this.flush().catch(() => undefined);
  }

  /** Writes what was held and holds nothing any more. */
  release(): Promise<void> {
    this.#held = false;
    return this.flush();
  }

  /** Resolves when everything logged before the call is in its blob. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.catch(() => undefined).then(() => this.#write());
    return this.#flushing;
  }

  async #write(): Promise<void> {
    const hours = [...this.#pending];
    this.#pending.clear();
    if (hours.length === 0) return;
    const container = this.#service.getContainerClient(AUDIT_CONTAINER);
    await container.createIfNotExists();
    for (const [name, lines] of hours) {
      const blob = container.getAppendBlobClient(name);
      await blob.createIfNotExists();
      await append(blob, lines);
    }
  }

  #blobName(time: number): string {
    const [, y, mo, d, h] = /^(\d+)-(\d+)-(\d+)T(\d+)/.exec(new Date(time).toISOString()) ?? [];
    return `resourceId=${this.#resourceId}/y=${y}/m=${mo}/d=${d}/h=${h}/m=00/PT1H.json`;
  }
}

async function append(blob: AppendBlobClient, lines: readonly string[]): Promise<void> {
  let block: Buffer[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    if (bytes > 0) await blob.appendBlock(Buffer.concat(block), bytes);
    block = [];
    bytes = 0;
  };
  for (const line of lines) {
    const encoded = Buffer.from(line);
    if (bytes + encoded.length > MAX_BLOCK) await write();
    block.push(encoded);
    bytes += encoded.length;
  }
  await write();
}
