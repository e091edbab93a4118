import type { Clock } from '../clock.ts';

/** Below this many ms the machine's clock is taken as right: the Date header counts in whole seconds. */
const TOLERANCE_MS = 2_000;
/** An answer that took longer says too little about the instant at which its Date was written. */
const MAX_ROUND_TRIP_MS = 2_000;

/**
 * The machine's clock, corrected to the storage service's where both differ by more than 2 s, so that instances whose clocks
 * disagree agree on when a claim or a gate has passed.
 */
export class ServerClock implements Clock {
  readonly #local: Clock;
  #skewMs = 0;

  constructor(local: Clock) {
    this.#local = local;
  }

  now(): number {
    return this.#local.now() + this.#skewMs;
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
      const skew = serverTime + 500 - (this.#local.now() - roundTripMs / 2);
      this.#skewMs = Math.abs(skew) <= TOLERANCE_MS ? 0 : skew;
    }
    return answer;
  }
}
