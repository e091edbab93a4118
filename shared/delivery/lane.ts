import type { Clock } from '../clock.ts';
import type { ConnectorClient } from '../connector/types.ts';
import { connectorKey } from '../ledger/model.ts';
import type { TableStore } from '../storage/tables.ts';
import { ConnectorGate } from './connectorGate.ts';
import { AdaptiveLimit, type Sample } from './pacing.ts';
import type { PushSettings } from './settings.ts';
import { SlotLease } from './slots.ts';

export type LaneOptions = {
  readonly connector: string;
  readonly client: ConnectorClient;
  readonly table: Pick<TableStore, 'get' | 'insert' | 'replace'>;
  readonly clock: Clock;
  readonly settings: PushSettings;
  /** Names this process among the instances. */
  readonly instance: string;
};

/** How often the ledger is told that a connector takes records, ms. */
const ACCEPTANCE_MS = 60_000;

/** The right to have one request in flight; give it back once, with what the request taught. */
export type Permit = { release(sample?: Sample): void };

/**
 * The way to one connector, shared by all chunks that this process pushes to it: pace, slots among the instances, gate, and what
 * is known of the connector's health.
 */
export class Lane {
  readonly client: ConnectorClient;
  readonly gate: ConnectorGate;
  readonly #clock: Clock;
  readonly #limit: AdaptiveLimit;
  readonly #slots: SlotLease;
  readonly #waiting: ((permit: Permit) => void)[] = [];
  #lastSuccess = Number.NEGATIVE_INFINITY;
  #notedAt = Number.NEGATIVE_INFINITY;
  #bisecting: Promise<unknown> = Promise.resolve();

  constructor({ connector, client, table, clock, settings, instance }: LaneOptions) {
    this.client = client;
    this.gate = new ConnectorGate(table, connector, clock);
    this.#clock = clock;
    this.#limit = new AdaptiveLimit(settings.maxInFlight);
    this.#slots = new SlotLease({
      table,
      connectorKey: connectorKey(connector),
      owner: instance,
      clock,
      total: settings.maxInFlightTotal,
      leaseMs: settings.slotLeaseMs,
      renewMs: settings.slotRenewMs,
      demand: () => ({
        // Room to grow until the next renewal, but no more than there is work for.
        wants: Math.min(
          settings.maxInFlight,
          2 * this.#limit.limit,
          this.#limit.inFlight + this.#waiting.length,
        ),
        inFlight: this.#limit.inFlight,
      }),
      granted: () => this.#pump(),
    });
  }

  /** Requests that may be in flight now, as far as the pace of this process goes. */
  get limit(): number {
    return this.#limit.limit;
  }

  /** How long a request takes just now, ms; 0 before the first good answer. */
  get roundTripMs(): number {
    return this.#limit.roundTripMs;
  }

  /** Wait for the right to send; undefined when `signal` was aborted first. First come, first served. */
  acquire(signal: AbortSignal): Promise<Permit | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const give = (permit: Permit): void => {
        signal.removeEventListener('abort', leave);
        resolve(permit);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        resolve(undefined);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(give);
      this.#slots.wake();
      this.#pump();
    });
  }

  /** When something was last accepted, on the monotonic clock. */
  get lastSuccess(): number {
    return this.#lastSuccess;
  }

  succeeded(): void {
    this.#lastSuccess = this.#clock.monotonic();
  }

  /** Whether it is time to note in the ledger that the connector takes records; says so once a minute. */
  acceptanceDue(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#notedAt < ACCEPTANCE_MS) return false;
    this.#notedAt = now;
    return true;
  }

  /** Run `task` when no other batch of this connector is being bisected: with a wrong mapping all of them would be. */
  bisectAlone<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#bisecting.then(task);
    this.#bisecting = result.catch(() => undefined);
    return result;
  }

  /** Give the slots back and close the connections. */
  async close(): Promise<void> {
    await this.#slots.close();
    await this.client.close();
  }

  #pump(): void {
    const limit = this.#limit;
    while (this.#waiting.length > 0 && limit.inFlight < Math.min(limit.limit, this.#slots.slots)) {
      const request = limit.start();
      this.#waiting.shift()!({
        release: (sample) => {
          limit.end(request, sample);
          this.#pump();
        },
      });
    }
    if (this.#waiting.length > 0 && limit.inFlight < limit.limit) this.#slots.hurry();
  }
}
