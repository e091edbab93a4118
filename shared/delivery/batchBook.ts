import type { Clock } from '../clock.ts';
import type { Stored } from '../ledger/exports.ts';
import { BATCH_LETTERS, chunkRowKey, type ChunkRow } from '../ledger/model.ts';
import type { TableStore } from '../storage/tables.ts';
import { batchRange, goesInParts, letterOf, withLetter, type BatchLetter } from '../ledger/batches.ts';
import { GroupedWriter } from './groupedWriter.ts';
import {
  fromPartsTableRow,
  tallyOf,
  toPartsTableRow,
  unsentPart,
  withPart,
  type BatchParts,
  type Part,
} from '../ledger/parts.ts';
import { unsettled } from './reopen.ts';

const { unsent, sending, accepted, refused, held, sendingParts, heldParts, inParts } = BATCH_LETTERS;

/** A run of records of one batch that goes out as one request: numbers from 1 in the export, `to` exclusive. */
export type Stretch = { readonly batch: number; readonly from: number; readonly to: number };

/** A request about to begin. */
export type Attempt = {
  /** Records that its body holds. */
  readonly records: number;
  /** The attempt before it had an unknown outcome. */
  readonly resend: boolean;
  readonly repeated: boolean;
};

export type BatchBookOptions = {
  readonly chunks: TableStore;
  readonly clock: Clock;
  readonly writer: GroupedWriter<ChunkRow>;
  /** Claim of this invocation. */
  readonly owner: string;
  readonly recordsPerRequest: number;
  /** Parts that earlier invocations left. */
  readonly parts: ReadonlyMap<number, Stored<BatchParts>>;
};

/**
 * Checks off each request of a chunk in the ledger. A batch that goes out as one request is a letter in the chunk's row; one that
 * goes out in pieces has a row of parts, and joins the chunk's figures in the one write that makes it settled.
 * What resolves is in the ledger. @throws {FencedError} once the chunk belongs to another invocation
 */
export class BatchBook {
  readonly #options: BatchBookOptions;
  readonly #writer: GroupedWriter<ChunkRow>;
  readonly #parts = new Map<number, GroupedWriter<BatchParts>>();
  /** ETags of rows of parts that mean nothing, to be replaced should their batch go out in parts after all. */
  readonly #stale = new Map<number, string>();

  constructor(options: BatchBookOptions) {
    this.#options = options;
    this.#writer = options.writer;
    for (const [batch, { row, etag }] of options.parts) {
      if (goesInParts(this.letter(batch))) this.#parts.set(batch, this.#open(batch, row, etag));
      else this.#stale.set(batch, etag);
    }
  }

  /** Letter of a batch. */
  letter(batch: number): BatchLetter {
    return letterOf(this.#writer.value.batches, batch);
  }

  /** Parts of a batch, in order; undefined when it goes out as one request. */
  parts(batch: number): readonly Part[] | undefined {
    return this.#parts.get(batch)?.value.parts;
  }

  /** Records that the service refused alone. */
  get refusedAlone(): number {
    let count = 0;
    for (const { value } of this.#parts.values()) count += tallyOf(value).refused;
    return count;
  }

  /** Whether the service took anything of this chunk. */
  get anyAccepted(): boolean {
    return (
      this.#writer.value.accepted > 0 ||
      [...this.#parts.values()].some(({ value }) => value.parts.some(({ state }) => state === accepted))
    );
  }

  /** Before a request: whoever finds this mark later must take the outcome for unknown. */
  async sending({ batch, from, to }: Stretch, { records, resend, repeated }: Attempt): Promise<void> {
    const parts = this.#partsFor({ batch, from, to });
    const letter = parts === undefined ? sending : sendingParts;
    const counted = (row: ChunkRow): ChunkRow => ({
      ...row,
      batches: withLetter(row.batches, batch, letter),
      requests: row.requests + 1,
      retries: row.retries + (repeated ? 1 : 0),
    });
    const duplicated = resend ? records : 0;
    if (parts === undefined) {
      await this.#writer.change((row) => ({
        ...counted(row),
        possiblyDuplicated: row.possiblyDuplicated + duplicated,
      }));
      return;
    }
    await parts.change((value) => ({
      ...value,
      parts: withPart(value.parts, { from, to, state: sending, sent: records, gap: 0 }),
      duplicated: value.duplicated + duplicated,
    }));
    // Only the chunk's own row tells whether the chunk was taken away; whoever takes it now sees the part.
    await this.#writer.change(counted);
  }

  /**
   * A request that was about to begin did not: it counts neither as one nor as a repetition. What a resend added stays, for the mark
   * of the attempt before it is gone. Goes to the ledger with the next write.
   */
  withdrawn(stretch: Stretch, { repeated }: Pick<Attempt, 'repeated'>): void {
    this.#writer.note((row) => ({
      ...row,
      requests: row.requests - 1,
      retries: row.retries - (repeated ? 1 : 0),
    }));
    this.notSent(stretch);
  }

  /** The service cannot have the stretch. Goes to the ledger with the next write. */
  notSent({ batch, from, to }: Stretch): void {
    const parts = this.#parts.get(batch);
    if (parts === undefined) {
      this.#writer.note((row) => ({ ...row, batches: withLetter(row.batches, batch, unsent) }));
    } else parts.note((value) => ({ ...value, parts: withPart(value.parts, unsentPart(from, to)) }));
  }

  /** The stretch goes out in pieces from now on; each says by itself what becomes of it. */
  split({ batch, from, to }: Stretch): void {
    const value: BatchParts = { parts: this.#wholeBatch(batch), duplicated: 0, writer: this.#options.owner };
    const parts = this.#parts.get(batch) ?? this.#open(batch, value, this.#stale.get(batch));
    this.#parts.set(batch, parts);
    parts.note((value) => ({ ...value, parts: withPart(value.parts, unsentPart(from, to)) }));
  }

  /** The service took `records` records and says that it saved `gap` fewer. */
  async accepted(stretch: Stretch, records: number, gap: number): Promise<void> {
    const { batch, from, to } = stretch;
    if (gap > 0 && !this.#parts.has(batch)) this.split(stretch);
    if (this.#parts.has(batch))
      return this.#settlePart({ from, to, state: accepted, sent: records, gap }, batch);
    await this.#writer.change((row) => ({
      ...row,
      batches: withLetter(row.batches, batch, accepted),
      accepted: row.accepted + records,
    }));
  }

  /** The service refuses these records for good; they go to quarantine. */
  refuse({ batch, from, to }: Stretch, records: number): Promise<void> {
    if (!this.#parts.has(batch)) this.split({ batch, from, to });
    return this.#settlePart({ from, to, state: refused, sent: records, gap: 0 }, batch);
  }

  /** Validation left nothing of the stretch to send. */
  async nothingToSend({ batch, from, to }: Stretch): Promise<void> {
    if (this.#partsFor({ batch, from, to }) !== undefined) {
      return this.#settlePart({ from, to, state: refused, sent: 0, gap: 0 }, batch);
    }
    await this.#writer.change((row) => ({ ...row, batches: withLetter(row.batches, batch, refused) }));
  }

  /** What became of the stretch is unknown, and a human shall decide. */
  async hold({ batch, from, to }: Stretch): Promise<void> {
    if (this.#parts.has(batch)) return this.#settlePart({ from, to, state: held, sent: 0, gap: 0 }, batch);
    await this.#writer.change((row) => ({ ...row, batches: withLetter(row.batches, batch, held) }));
  }

  /** A batch whose parts are all settled, and which a crash kept from being so in the chunk's row. */
  async settle(batch: number): Promise<void> {
    const writer = this.#parts.get(batch);
    // What another piece has only asked for may still be lost; what is to be forgotten counts no more.
    const parts = writer?.written;
    if (writer === undefined || parts === undefined || !hasEnded(parts) || !hasEnded(writer.value)) return;
    // Two pieces that end at once both come here.
    if (this.letter(batch) === inParts || this.letter(batch) === heldParts) return;
    const isHeld = parts.parts.some(({ state }) => state === held);
    const tally = tallyOf(parts);
    await this.#writer.change((row) =>
      isHeld
        ? { ...row, batches: withLetter(row.batches, batch, heldParts) }
        : {
            ...row,
            batches: withLetter(row.batches, batch, inParts),
            accepted: row.accepted + tally.accepted,
            failed: row.failed + tally.failed,
            possiblyDuplicated: row.possiblyDuplicated + tally.possiblyDuplicated,
          },
    );
  }

  /**
   * Forget every refusal of the service: the mapping is at fault, not the records. What it accepted stays accepted. A batch leaves
   * the chunk's figures before its parts change, so that a crash in between finds it as one that is only to be settled.
   */
  async forgetRefusals(): Promise<void> {
    for (const [batch, writer] of this.#parts) {
      const before = writer.value;
      if (!before.parts.some(isServiceRefusal)) continue;
      writer.note((value) => ({
        ...value,
        parts: value.parts.map((part) => (isServiceRefusal(part) ? unsentPart(part.from, part.to) : part)),
      }));
      if (this.letter(batch) === inParts)
        await this.#writer.change((row) => unsettled(row, batch, before, sendingParts));
      await writer.flush();
    }
  }

  /** Write what was only noted. */
  async flush(): Promise<void> {
    for (const parts of this.#parts.values()) await parts.flush();
    await this.#writer.flush();
  }

  async #settlePart(part: Part, batch: number): Promise<void> {
    await this.#parts.get(batch)!.change((value) => ({ ...value, parts: withPart(value.parts, part) }));
    await this.settle(batch);
  }

  /** The batch's parts; opened now when the stretch is only a piece of it. */
  #partsFor(stretch: Stretch): GroupedWriter<BatchParts> | undefined {
    const [whole] = this.#wholeBatch(stretch.batch);
    if (stretch.from !== whole!.from || stretch.to !== whole!.to) {
      if (!this.#parts.has(stretch.batch))
        this.split({ batch: stretch.batch, from: whole!.from, to: whole!.to });
    }
    return this.#parts.get(stretch.batch);
  }

  #wholeBatch(batch: number): Part[] {
    const { from, to } = batchRange(this.#writer.value, this.#options.recordsPerRequest, batch);
    return [unsentPart(from, to)];
  }

  #open(batch: number, value: BatchParts, etag: string | undefined): GroupedWriter<BatchParts> {
    const { chunks, clock, owner } = this.#options;
    const { exportId, chunk } = this.#writer.value;
    const port = {
      read: async () => {
        const stored = await chunks.get(exportId, chunkRowKey(chunk, batch));
        return stored && { row: fromPartsTableRow(stored.row), etag: stored.etag };
      },
      write: (next: BatchParts, etag: string | undefined) => {
        const row = toPartsTableRow(exportId, chunk, batch, next);
        return etag === undefined ? chunks.insert(row) : chunks.replace(row, etag);
      },
      owned: (stored: BatchParts) => stored.writer === owner,
      merge: (_stored: BatchParts, wanted: BatchParts) => wanted,
      stamp: (next: BatchParts) => ({ ...next, writer: owner }),
      deadline: () => Date.parse(this.#writer.value.claimUntil),
    };
    return new GroupedWriter(port, clock, value, etag);
  }
}

/** States of a part about which nothing more is done by itself. */
const END: ReadonlySet<string> = new Set([accepted, refused, held]);

const hasEnded = ({ parts }: BatchParts): boolean => parts.every(({ state }) => END.has(state));

/** Refused by the service, and not by validation, which leaves nothing to send. */
const isServiceRefusal = ({ state, sent }: Part): boolean => state === refused && sent > 0;
