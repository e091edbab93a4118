import type { Clock } from '../clock.ts';

/** Below this many ms the machine's clock is taken as right: the Date header counts in whole seconds. */
const TOLERANCE_MS = 2_000;
/** An answer that took longer says too little about the instant at which its Date was written. */
const MAX_ROUND_TRIP_MS = 2_000;

/**
 * The machine's clock, corrected to the storage service's where both differ by more than 2 s, so that instances whose clocks
 * disagree agree on when a claim or a gate has passed. Between two answers of the service it goes on by the monotonic clock, so
 * that a machine's clock that is set by a day in between ends no claim and opens no gate.
 */
export class ServerClock implements Clock {
  readonly #local: Clock;
  #skewMs = 0;
  /** What time it was at the last answer, UTC and monotonic. */
  #seen: { readonly now: number; readonly monotonic: number } | undefined;

  constructor(local: Clock) {
    this.#local = local;
  }

  now(): number {
    const seen = this.#seen;
    if (seen === undefined) return this.#local.now();
    return Math.floor(seen.now + this.#local.monotonic() - seen.monotonic);
  }

  monotonic(): number {
    return this.#local.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#local.sleep(ms, signal);
  }

  /** How far the service is ahead of this machine, ms; 0 when within the tolerance. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Run one call of the service and learn from the Date header that `dateOf` finds in its answer. */
  async observe<Answer>(
    call: () => Promise<Answer>,
    dateOf: (answer: Answer) => string | undefined,
  ): Promise<Answer> {
    const started = this.#local.monotonic();
    const answer = await call();
    const roundTripMs = this.#local.monotonic() - started;
    const serverTime = Date.parse(dateOf(answer) ?? '');
    if (roundTripMs <= MAX_ROUND_TRIP_MS && !Number.isNaN(serverTime)) {
      // The header is cut to the second: half a second later is the best guess.
      const now = this.#local.now();
      const skew = serverTime + 500 - (now - roundTripMs / 2);
      this.#skewMs = Math.abs(skew) <= TOLERANCE_MS ? 0 : skew;
      this.#seen = { now: now + this.#skewMs, monotonic: this.#local.monotonic() };
    }
    return answer;
  }
}
