import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import { jsonColumns, jsonOf } from '../ledger/columns.ts';
import type { TableStore } from '../storage/tables.ts';

/** Row key of the slots of a connector in the table `connectors`. */
const SLOTS_ROW_KEY = 'slots';

/** One instance's share of the requests that a connector may have in flight. */
export type SlotHolder = {
  readonly owner: string;
  readonly slots: number;
  /** How many it could use. */
  readonly wants: number;
  /** UTC ms; after it the slots are free again. */
  readonly until: number;
};

/** Fair shares of `total` among those who want `wants`: nobody gets more than he wants, what he leaves goes to the others. */
export function fairShares(wants: readonly number[], total: number): number[] {
  const order = wants.map((_, i) => i).sort((a, b) => wants[a]! - wants[b]! || a - b);
  const shares = Array.from(wants, () => 0);
  let left = total;
  order.forEach((i, done) => {
    shares[i] = Math.min(wants[i]!, Math.ceil(left / (order.length - done)));
    left -= shares[i];
  });
  return shares;
}

/**
 * How many slots `me` may take now: its fair share of `total`, as far as the others have left it free, never less than what it
 * has in flight. Others shrink to their shares at their next renewal, so everybody has his within two renewals and a request.
 */
export function slotsFor(
  others: readonly SlotHolder[],
  me: { readonly wants: number; readonly inFlight: number },
  total: number,
): number {
  const shares = fairShares([...others.map(({ wants }) => wants), me.wants], total);
  const free = total - others.reduce((sum, { slots }) => sum + slots, 0);
  return Math.max(Math.min(shares.at(-1)!, free), me.inFlight, 0);
}

export type SlotOptions = {
  readonly table: Pick<TableStore, 'get' | 'insert' | 'replace'>;
  readonly connectorKey: string;
  readonly owner: string;
  readonly clock: Clock;
  readonly total: number;
  readonly leaseMs: number;
  readonly renewMs: number;
  /** What is wanted and in flight just now. */
  readonly demand: () => { readonly wants: number; readonly inFlight: number };
  /** Called whenever the number of slots may have grown. */
  readonly granted: () => void;
};

/** Least time between two renewals, ms. */
const SHORTEST_MS = 200;

/** Renewals without demand after which the slots are given back. */
const IDLE_RENEWALS = 2;

/**
 * This process's share of a connector's requests in flight, over all instances: a lease in one row of the ledger, renewed while
 * there is demand. The instances of one connector change the row conditionally, so their sum never exceeds the total.
 * An instance that dies gives its slots back when its lease ends.
 */
export class SlotLease {
  readonly #options: SlotOptions;
  #slots = 0;
  /** On the monotonic clock. */
  #until = 0;
  #running: Promise<void> | undefined;
  #nap = new AbortController();
  #hurried = false;
  readonly #stopping = new AbortController();

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Slots held now; 0 when the lease could not be renewed in time. */
  get slots(): number {
    return this.#options.clock.monotonic() < this.#until ? this.#slots : 0;
  }

  /** There is demand: take part until there is none. */
  wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Somebody may have asked while the slots were being given back.
      const { wants } = this.#options.demand();
      if (wants > 0 && !this.#stopping.signal.aborted) this.wake();
    });
  }

  /** More could be sent than there are slots for: renew soon. */
  hurry(): void {
    this.#hurried = true;
    this.#nap.abort();
  }

  /** Give everything back. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, renewMs, demand, granted } = this.#options;
    let idle = 0;
    while (idle < IDLE_RENEWALS && !this.#stopping.signal.aborted) {
      const { wants, inFlight } = demand();
      idle = wants + inFlight === 0 ? idle + 1 : 0;
      // A ledger out of reach: the lease runs out by itself, and with it the right to send.
      await this.#renew().catch(() => undefined);
      granted();
      this.#nap = new AbortController();
      const end = AbortSignal.any([this.#stopping.signal, this.#nap.signal]);
      await clock.sleep(SHORTEST_MS, this.#stopping.signal).catch(() => undefined);
      if (!this.#hurried) await clock.sleep(renewMs - SHORTEST_MS, end).catch(() => undefined);
      this.#hurried = false;
    }
    await this.#renew(true).catch(() => undefined);
  }

  async #renew(leaving = false): Promise<void> {
    const { table, connectorKey, owner, clock, total, leaseMs, demand } = this.#options;
    for (;;) {
      const stored = await table.get(connectorKey, SLOTS_ROW_KEY);
      const now = clock.now();
      const asked = clock.monotonic();
      const all = (stored === undefined ? [] : (jsonOf(stored.row, 'holders') ?? [])) as SlotHolder[];
      const others = all.filter((holder) => holder.owner !== owner && holder.until > now);
      const mine = demand();
      const slots = leaving ? mine.inFlight : slotsFor(others, mine, total);
      // Lowered before it is written, raised after: never more in flight than the ledger says.
      this.#slots = Math.min(this.#slots, slots);
      const holder = { owner, slots, wants: mine.wants, until: now + leaseMs };
      const row = {
        partitionKey: connectorKey,
        rowKey: SLOTS_ROW_KEY,
        ...jsonColumns('holders', slots + mine.wants > 0 ? [...others, holder] : others),
      };
      try {
        await (stored === undefined ? table.insert(row) : table.replace(row, stored.etag));
        this.#slots = slots;
        this.#until = asked + leaseMs;
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }
}
