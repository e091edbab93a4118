import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import type { TableRow, TableStore } from '../storage/tables.ts';

/** How far an hour's blob was read. */
export type HourMark = {
  /** Bytes read, whole lines only. */
  readonly offset: number;
  /** Lines read. */
  readonly lines: number;
  /** Slices taken of it; the next one's number is one more. */
  readonly slices: number;
};

/** A run of bytes of one hour's blob that becomes one export: fixed before anything of it is written. */
export type Slice = {
  /** Hour of the blob, UTC ms. */
  readonly hour: number;
  readonly start: number;
  readonly end: number;
  /** Whether what follows the last line end is a line. */
  readonly tail: boolean;
};

/** What is known of one FHIR service's audit log: one row, so that every step is one conditional write. */
export type Watermark = {
  /** Slices taken in all; numbers the pairing state that belongs to this watermark. */
  readonly sequence: number;
  /** Hours before it (UTC ms) are settled and no longer looked at. */
  readonly floor: number;
  /** Hours from the floor on, by their UTC ms. */
  readonly hours: Readonly<Record<string, HourMark>>;
  /** The slice that was begun and is not known to be done. */
  readonly begun?: Slice;
};

/** The mark of an hour; of one not read yet, nothing read. */
export const markOf = (hours: Watermark['hours'], hour: number): HourMark =>
  hours[hour] ?? { offset: 0, lines: 0, slices: 0 };

/** Who claims the watermark of which source. */
export type Claim = {
  /** Key of the FHIR service. */
  readonly key: string;
  /** Of this run alone. */
  readonly owner: string;
  /** A run that died is taken over after this, ms; renewed at a third of it. */
  readonly claimMs: number;
  /** Where a new watermark begins, UTC ms. */
  readonly floor: number;
};

const PARTITION = 'fhir';

type Held = { readonly etag: string; readonly value: Watermark };

/** A watermark claimed by one run. Every change is conditional: when another run took over, ConflictError ends this one. */
export class ClaimedWatermark {
  readonly #table: TableStore;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #claim: Claim;
  #held: Held;
  /** UTC ms. */
  #claimUntil: number;

  private constructor(table: TableStore, clock: Pick<Clock, 'now'>, claim: Claim, held: Held, until: number) {
    this.#table = table;
    this.#clock = clock;
    this.#claim = claim;
    this.#held = held;
    this.#claimUntil = until;
  }

  /** Claims the watermark of a source; undefined while another run holds it. */
  static async open(
    table: TableStore,
    clock: Pick<Clock, 'now'>,
    claim: Claim,
  ): Promise<ClaimedWatermark | undefined> {
    const stored = await table.get(PARTITION, claim.key);
    if (Number(stored?.row['claimUntil'] ?? 0) > clock.now()) return undefined;
    const value =
      stored === undefined ? { sequence: 0, floor: claim.floor, hours: {} } : parse(stored.row['state']);
    const until = clock.now() + claim.claimMs;
    const row = rowOf(claim, value, until);
    try {
      const etag = await (stored === undefined ? table.insert(row) : table.replace(row, stored.etag));
      return new ClaimedWatermark(table, clock, claim, { etag, value }, until);
    } catch (error) {
      if (error instanceof ConflictError) return undefined;
      throw error;
    }
  }

  get value(): Watermark {
    return this.#held.value;
  }

  /** @throws {ConflictError} when another run took over */
  async save(value: Watermark): Promise<void> {
    this.#claimUntil = this.#clock.now() + this.#claim.claimMs;
    await this.#write(value);
  }

  /** Renews the claim once a third of it is over. @throws {ConflictError} when another run took over */
  async renew(): Promise<void> {
    if (this.#clock.now() > this.#claimUntil - (2 / 3) * this.#claim.claimMs) await this.save(this.value);
  }

  /** Gives the claim up, if it is still held; another run may begin at once. */
  async release(): Promise<void> {
    this.#claimUntil = 0;
    try {
      await this.#write(this.value);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  async #write(value: Watermark): Promise<void> {
    const row = rowOf(this.#claim, value, this.#claimUntil);
    this.#held = { etag: await this.#table.replace(row, this.#held.etag), value };
  }
}

const rowOf = ({ key, owner }: Claim, value: Watermark, claimUntil: number): TableRow => ({
  partitionKey: PARTITION,
  rowKey: key,
  state: JSON.stringify(value),
  owner,
  claimUntil,
});

const parse = (state: unknown): Watermark => JSON.parse(String(state)) as Watermark;
