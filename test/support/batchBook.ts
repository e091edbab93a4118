import { BatchBook } from '../../shared/delivery/batchBook.ts';
import { claimChunk } from '../../shared/delivery/claim.ts';
import { toChunkTableRow } from '../../shared/ledger/chunkRows.ts';
import { readChunk } from '../../shared/ledger/chunks.ts';
import type { BatchLetter } from '../../shared/ledger/batches.ts';
import type { ChunkRow } from '../../shared/ledger/model.ts';
import { readParts, toPartsTableRow, type BatchParts, type Part } from '../../shared/ledger/parts.ts';
import { aChunkRow } from './ledgerRows.ts';
import { MemoryTable } from './memoryStores.ts';
import { VirtualClock } from './virtualClock.ts';

export const ATTEMPT = { records: 5, resend: false, repeated: false };

export const WHOLE = { batch: 0, from: 1, to: 11 };
export const FIRST = { batch: 0, from: 1, to: 6 };
export const SECOND = { batch: 0, from: 6, to: 11 };

export const part = (from: number, to: number, state: BatchLetter, sent: number): Part => ({
  from,
  to,
  state,
  sent,
  gap: 0,
});

/** The book of a chunk of 10 records in one batch, and a switch that keeps writes of parts from ever ending. */
export async function aBook(
  change: Partial<ChunkRow> = {},
  left?: BatchParts,
): Promise<{
  book: BatchBook;
  stored: () => Promise<ChunkRow>;
  /** From, to, letter and records of each part in the ledger. */
  storedParts: () => Promise<string[]>;
  stall: (on: boolean) => void;
  /** The next write of parts is done, and its answer lost. */
  loseAnswer: () => void;
  chunks: MemoryTable;
  clock: VirtualClock;
}> {
  const clock = new VirtualClock();
  let stalled = false;
  let losing = false;
  const never = new Promise<void>(() => undefined);
  let partsNext = false;
  const chunks = new MemoryTable('chunks', {
    hook: ({ when, operation }) => {
      if (!partsNext || operation !== 'replace') return undefined;
      if (losing && when === 'after') {
        losing = false;
        throw new Error('the answer was lost');
      }
      return stalled && when === 'before' ? never : undefined;
    },
  });
  const watched = new Proxy(chunks, {
    get(target, name) {
      const method = Reflect.get(target, name, target) as unknown;
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        partsNext = JSON.stringify(args).includes('c000001.b0000');
        return (method as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const row = aChunkRow({ records: 10, ...change });
  const etag = await chunks.insert(toChunkTableRow(row));
  if (left !== undefined) await chunks.insert(toPartsTableRow(row.exportId, 1, 0, left));
  const options = { chunks: watched, clock, owner: 'me', recordsPerRequest: 10 };
  const writer = await claimChunk({ row, etag }, { ...options, claimMs: 60_000 });
  const { exportId } = row;
  const book = new BatchBook({ ...options, writer: writer!, parts: await readParts(chunks, exportId, 1) });
  return {
    book,
    stored: async () => (await readChunk(chunks, exportId, 1))!.row,
    storedParts: async () => {
      const parts = (await readParts(chunks, exportId, 1)).get(0)!.row.parts;
      return parts.map(({ from, to, state, sent }) => `${from}-${to}${state}${sent}`);
    },
    stall: (on) => (stalled = on),
    loseAnswer: () => (losing = true),
    chunks,
    clock,
  };
}
