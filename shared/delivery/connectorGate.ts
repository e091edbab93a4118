import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import {
  CONNECTOR_ROW_KEY,
  fromConnectorTableRow,
  newConnectorRow,
  toConnectorTableRow,
} from '../ledger/connectorRows.ts';
import { connectorKey, type ConnectorRow } from '../ledger/model.ts';
import type { TableStore } from '../storage/tables.ts';

type Stored = {
  readonly row: ConnectorRow;
  readonly etag: string | undefined;
  /** When it was asked for, on the monotonic clock. */
  readonly at: number;
};

/** Older than this when it is at hand, an answer is asked for anew: the ledger was slow, or the process stood still, ms. */
const STALE_MS = 250;
/** Not for ever, or nothing would go out any more while the ledger is slow. */
const READS = 3;

/**
 * A connector's row in the ledger as every request of this process sees it.
 *
 * `fresh` gives a row that was read after the call began, so a request that asks it last before it goes out heeds every change
 * committed before it asked. Calls share reads: all that come while one read is under way share the next one.
 */
export class ConnectorGate {
  readonly #table: Pick<TableStore, 'get' | 'insert' | 'replace'>;
  readonly #connector: string;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #reading: Promise<Stored> | undefined;
  #next: Promise<Stored> | undefined;
  #seen: { readonly row: ConnectorRow; readonly at: number } | undefined;

  constructor(
    table: Pick<TableStore, 'get' | 'insert' | 'replace'>,
    connector: string,
    clock: Pick<Clock, 'monotonic'>,
  ) {
    this.#table = table;
    this.#connector = connector;
    this.#clock = clock;
  }

  /** The row as it was read at most `ms` ago; undefined when none is that young. For a first look, not for the last one. */
  recent(ms: number): ConnectorRow | undefined {
    const seen = this.#seen;
    return seen !== undefined && this.#clock.monotonic() - seen.at <= ms ? seen.row : undefined;
  }

  /** The row, read after this call began, and at most {@link STALE_MS} ago unless the ledger is slow time and again. */
  async fresh(): Promise<ConnectorRow> {
    for (let reads = 1; ; reads++) {
      const { row, at } = await this.#joinRead();
      if (reads === READS || this.#clock.monotonic() - at <= STALE_MS) return row;
    }
  }

  /**
   * Change the row as `to` says, again on a newer state if another was faster; `to` returns the row it was given when there is
   * nothing to change. Resolves with the row as it then is in the ledger.
   */
  async change(to: (row: ConnectorRow) => ConnectorRow): Promise<ConnectorRow> {
    for (;;) {
      const { row, etag } = await this.#read();
      const next = to(row);
      if (next === row) return row;
      try {
        const at = this.#clock.monotonic();
        const written = toConnectorTableRow(next);
        await (etag === undefined ? this.#table.insert(written) : this.#table.replace(written, etag));
        this.#seen = { row: next, at };
        return next;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  #joinRead(): Promise<Stored> {
    if (this.#reading === undefined) return this.#startRead();
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#startRead();
      });
    return this.#next;
  }

  #startRead(): Promise<Stored> {
    const reading = this.#read().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  async #read(): Promise<Stored> {
    const at = this.#clock.monotonic();
    const stored = await this.#table.get(connectorKey(this.#connector), CONNECTOR_ROW_KEY);
    const row = stored === undefined ? newConnectorRow(this.#connector) : fromConnectorTableRow(stored.row);
    this.#seen = { row, at };
    return { row, etag: stored?.etag, at };
  }
}
