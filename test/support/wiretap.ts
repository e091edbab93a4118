import { chunkRowKey } from '../../shared/ledger/model.ts';
import type { SeenCall } from './faultProxy.ts';

/** Forms in which a secret text may hide in others. */
const formsOf = (text: string): readonly string[] => [
  text,
  encodeURIComponent(text),
  JSON.stringify(text).slice(1, -1),
  ...[0, 1, 2].map((offset) => base64At(text, offset)),
];

/** The part of its base64 that is the same whatever stands before and behind it, when it begins `offset` bytes into a group of three. */
function base64At(text: string, offset: number): string {
  const bytes = Buffer.from('\0'.repeat(offset) + text);
  return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

/** Which of the texts a carrier holds, in any form. */
export function holds(carrier: string, texts: readonly string[]): string[] {
  return texts.filter((text) => formsOf(text).some((form) => carrier.includes(form)));
}

/** Letters of batches of which nothing is left to do. */
const SETTLED = /[arp]/;

type ChunkColumns = {
  readonly PartitionKey?: string;
  readonly RowKey?: string;
  readonly batches?: string;
  readonly owner?: string;
};

/**
 * Listens to what the functions send to queues and tables: no value of a record may ever be there, and a batch that the ledger has
 * as settled must not go out again.
 */
export class Wiretap {
  readonly #secret: string;
  /** Kinds of calls that carried the secret. */
  readonly leaks: string[] = [];
  /** How many calls of each kind were answered. */
  readonly kinds = new Map<string, number>();

  /** Exports of which a chunk was taken over from an owner that had not given it up: dead, or too slow to renew its claim. */
  readonly takenOver = new Set<string>();
  readonly #settledAt = new Map<string, number>();
  readonly #owners = new Map<string, string>();

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** UTC ms at which the ledger first had a batch (from 0) of a chunk (from 1) as settled; undefined when it never had. */
  settledAt(exportId: string, chunk: number, batch: number): number | undefined {
    return this.#settledAt.get(`${exportId} ${chunkRowKey(chunk, batch)}`);
  }

  hear(call: SeenCall): void {
    const kind =
      call.kind === 'queue chunks.take' && !call.answered.includes('<QueueMessage>')
        ? `${call.kind} (empty)`
        : call.kind;
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (call.service !== 'queue' && call.service !== 'table') return;
    if (call.kind === 'table chunks.replace' && call.status < 300) this.#noteChunk(call.body);
    if (holds(call.body.toString('latin1') + call.url, [this.#secret]).length > 0) this.leaks.push(call.kind);
  }
  #noteChunk(body: Buffer): void {
    const columns = JSON.parse(body.toString('utf8')) as ChunkColumns;
    const { PartitionKey: exportId = '', RowKey = '', batches = '', owner = '' } = columns;
    const before = this.#owners.get(exportId + RowKey) ?? '';
    if (before !== '' && owner !== '' && owner !== before) this.takenOver.add(exportId);
    this.#owners.set(exportId + RowKey, owner);
    for (const [batch, letter] of batches.split('').entries()) {
      const key = `${exportId} ${chunkRowKey(Number(RowKey.slice(1)), batch)}`;
      if (SETTLED.test(letter) && !this.#settledAt.has(key)) this.#settledAt.set(key, Date.now());
    }
  }
}
