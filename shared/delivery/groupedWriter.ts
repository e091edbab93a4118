import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import type { Stored } from '../ledger/exports.ts';
import { FencedError } from './faultKinds.ts';

/** One ledger row as a {@link GroupedWriter} needs it. */
export type RowPort<Value> = {
  read(): Promise<Stored<Value> | undefined>;
  /** Insert when `etag` is undefined, else replace conditionally. @throws {ConflictError} when another won */
  write(value: Value, etag: string | undefined): Promise<string>;
  /** Whether the row as stored still belongs to this writer, or is what it wanted to leave behind. */
  owned(stored: Value, wanted: Value): boolean;
  /** The value to write when somebody else changed columns that are theirs: theirs from `stored`, ours from `wanted`. */
  merge(stored: Value, wanted: Value): Value;
  /** Last touch before a write, e.g. a claim extended. */
  stamp(value: Value): Value;
  /** UTC ms after which a write is no longer tried again. */
  deadline(value: Value): number;
};

type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void };

const RETRY_MS = 200;

/**
 * The only writer of one row. Changes made while a write is under way go out together in the next one, so that many batches
 * in flight cost few writes. A change counts once its promise resolves.
 *
 * A write whose answer was lost is tried again until the deadline: the row is read, and if it is still ours, whatever it says,
 * it is replaced by what we want, which is complete in itself. So no change is applied twice.
 */
export class GroupedWriter<Value> {
  readonly #port: RowPort<Value>;
  readonly #clock: Clock;
  #value: Value;
  #etag: string | undefined;
  #written: Value | undefined;
  #waiting: Waiter[] = [];
  #writing = false;
  #dead: unknown;
  #noted = false;

  constructor(port: RowPort<Value>, clock: Clock, value: Value, etag: string | undefined) {
    this.#port = port;
    this.#clock = clock;
    this.#value = value;
    this.#etag = etag;
    this.#written = etag === undefined ? undefined : value;
  }

  /** The value with every change asked for so far, written or not. */
  get value(): Value {
    return this.#value;
  }

  /** The value as the ledger has it; undefined when it has none yet. */
  get written(): Value | undefined {
    return this.#written;
  }

  /**
   * Change the row; resolves when the change is in the ledger.
   * @throws {FencedError} when the row is no longer ours; any other error when the ledger could not be reached to the deadline.
   * After either the writer is dead and every further change fails alike.
   */
  change(to: (value: Value) => Value): Promise<void> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead as Error);
    this.#value = to(this.#value);
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (!this.#writing) void this.#write();
    return done;
  }

  /** Change the row with the next write that somebody waits for, or with {@link flush}. */
  note(to: (value: Value) => Value): void {
    if (this.#dead !== undefined) return;
    this.#value = to(this.#value);
    this.#noted = true;
  }

  /** Write what was noted, if anything was since the last write. */
  async flush(): Promise<void> {
    if (this.#noted) await this.change((value) => value);
  }

  async #write(): Promise<void> {
    this.#writing = true;
    // One turn of the event loop's microtasks, so that changes asked for in the same turn share a write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const waiters = this.#waiting;
      this.#waiting = [];
      try {
        await this.#persist();
        for (const { resolve } of waiters) resolve();
      } catch (error) {
        this.#dead = error;
        for (const { reject } of [...waiters, ...this.#waiting]) reject(error);
        this.#waiting = [];
      }
    }
    this.#writing = false;
  }

  async #persist(): Promise<void> {
    const port = this.#port;
    const deadline = port.deadline(this.#value);
    this.#noted = false;
    let wanted = (this.#value = port.stamp(this.#value));
    for (;;) {
      try {
        this.#etag = await port.write(wanted, this.#etag);
        this.#written = wanted;
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) await this.#pause(deadline, error);
        const stored = await this.#read(deadline);
        if (stored === undefined && this.#etag === undefined) continue;
        if (stored === undefined || (stored.etag !== this.#etag && !port.owned(stored.row, wanted))) {
          throw new FencedError('The row belongs to another invocation.', { cause: error });
        }
        // Refused although nobody changed it: not at once again, or a service that does so is asked without end.
        if (error instanceof ConflictError && stored.etag === this.#etag) await this.#pause(deadline, error);
        this.#etag = stored.etag;
        wanted = port.merge(stored.row, wanted);
        this.#value = port.merge(stored.row, this.#value);
      }
    }
  }

  async #read(deadline: number): Promise<Stored<Value> | undefined> {
    for (;;) {
      try {
        return await this.#port.read();
      } catch (error) {
        await this.#pause(deadline, error);
      }
    }
  }

  async #pause(deadline: number, error: unknown): Promise<void> {
    if (this.#clock.now() + RETRY_MS >= deadline) throw error;
    await this.#clock.sleep(RETRY_MS);
  }
}
