import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';

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

const PARTITION = 'fhir';
/** A collector that died is taken over after this, ms. Renewed long before. */
const CLAIM_MS = 120_000;

/** A watermark claimed by one run. Every change is conditional: when another run took over, ConflictError ends this one. */
export class ClaimedWatermark {
  readonly #table: TableStore;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #key: string;
  readonly #owner: string;
  #etag: string;
  #claimUntil: number;
  #value: Watermark;

  private constructor(
    table: TableStore,
    clock: Pick<Clock, 'now'>,
    key: string,
    owner: string,
    value: Watermark,
  ) {
    this.#table = table;
    this.#clock = clock;
    this.#key = key;
    this.#owner = owner;
    this.#value = value;
    this.#etag = '';
    this.#claimUntil = 0;
  }

  /** Claims the watermark of a source; undefined while another run holds it. `floor` is where a new one begins, UTC ms. */
  static async claim(
    table: TableStore,
    clock: Pick<Clock, 'now'>,
    { key, owner, floor }: { key: string; owner: string; floor: number },
  ): Promise<ClaimedWatermark | undefined> {
    const stored = await table.get(PARTITION, key);
    const until = Number(stored?.row['claimUntil'] ?? 0);
    if (stored !== undefined && until > clock.now()) return undefined;
    const value = stored === undefined ? { sequence: 0, floor, hours: {} } : parse(stored.row['state']);
    const claimed = new ClaimedWatermark(table, clock, key, owner, value);
    claimed.#claimUntil = clock.now() + CLAIM_MS;
    try {
      claimed.#etag =
        stored === undefined
          ? await table.insert(claimed.#row())
          : await table.replace(claimed.#row(), stored.etag);
    } catch (error) {
      if (error instanceof ConflictError) return undefined;
      throw error;
    }
    return claimed;
  }

  get value(): Watermark {
    return this.#value;
  }

  /** @throws {ConflictError} when another run took over */
  async save(value: Watermark): Promise<void> {
    this.#claimUntil = this.#clock.now() + CLAIM_MS;
    this.#etag = await this.#table.replace(this.#row(value), this.#etag);
    this.#value = value;
  }

  /** Renews the claim once a third of it is over; always with `now`. @throws {ConflictError} when another run took over */
  async renew(now = false): Promise<void> {
    if (now || this.#clock.now() > this.#claimUntil - (2 / 3) * CLAIM_MS) await this.save(this.#value);
  }

  /** Gives the claim up, if it is still held; another run may begin at once. */
  async release(): Promise<void> {
    this.#claimUntil = 0;
    try {
      this.#etag = await this.#table.replace(this.#row(), this.#etag);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  #row(value = this.#value) {
    return {
      partitionKey: PARTITION,
      rowKey: this.#key,
      state: JSON.stringify(value),
      owner: this.#owner,
      claimUntil: this.#claimUntil,
    };
  }
}

const parse = (state: unknown): Watermark => JSON.parse(String(state)) as Watermark;
