/** What one request taught about the pace. */
export type Sample = {
  /** `well`: answered, whatever it said of the records. `pressed`: 5xx, timeout, no answer. `throttled`: 429. */
  readonly kind: 'well' | 'pressed' | 'throttled';
  /** ms from the first byte sent to the end of the answer. */
  readonly durationMs: number;
};

/** How many in flight before anything is known. */
const START = 8;
/** Weight of the newest round in the running mean of the round trip, and how many deviations above it count as a rise. */
const WEIGHT = 0.4;
const DEVIATIONS = 2.5;
/** A rise is also at least half the mean and this many ms: the jitter of a fast service is no pressure. */
const LEAST_RISE = 0.5;
const LEAST_RISE_MS = 20;
/** Requests over which the share of failures is judged: few of them fail together by chance. */
const MEMORY = 16;
const ON_RISE = 0.9;
const ON_THROTTLE = 0.75;

/**
 * How many requests may be in flight, found by trying, after Vector's adaptive request concurrency.
 *
 * Judged once a round: from a request's start until one that started after it has ended. The first rounds double the limit until
 * the first sign of pressure. From then on each good answer adds its share of one more request a round, and a round under
 * pressure takes away: half when most requests fail, in it and before; else a quarter for any 429, a third of the running share of
 * failures for 5xx and timeouts (a service that fails some of its requests at random is not overloaded), a tenth when round trips
 * became longer.
 * Never below 1 or above the ceiling.
 */
export class AdaptiveLimit {
  readonly #ceiling: number;
  #limit: number;
  #doubling = true;
  #started = 0;
  #inFlight = 0;
  /** Requests started before the current round. */
  #roundStart = 0;
  /** Whether the limit was reached in this round, or in the one before it: one that is not used does not grow. */
  #reached = false;
  #reachedBefore = false;
  #ended = 0;
  #pressed = 0;
  #throttled = 0;
  /** Running share of requests that failed, over about {@link MEMORY} of them. */
  #failing = 0;
  #roundMs = 0;
  #mean = 0;
  #deviation = 0;

  /** @param ceiling most requests in flight, at least 1 */
  constructor(ceiling: number) {
    this.#ceiling = ceiling;
    this.#limit = Math.min(START, ceiling);
  }

  /** Requests that may be in flight now: a whole number from 1 to the ceiling. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** Running mean of the round trip of good answers, ms; 0 before the first. */
  get roundTripMs(): number {
    return this.#mean;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** A request begins; its number goes to {@link end}. */
  start(): number {
    this.#inFlight++;
    if (this.#inFlight >= this.limit) this.#reached = true;
    return this.#started++;
  }

  /** A request ended; without a sample it never went out. */
  end(request: number, sample?: Sample): void {
    this.#inFlight--;
    if (sample === undefined) return;
    this.#ended++;
    if (sample.kind === 'pressed') this.#pressed++;
    else if (sample.kind === 'throttled') this.#throttled++;
    else this.#roundMs += sample.durationMs;
    if (!this.#doubling && sample.kind === 'well' && this.#isUsed) this.#grow(1 / this.#limit);
    if (request >= this.#roundStart) this.#endRound();
  }

  #endRound(): void {
    const well = this.#ended - this.#pressed - this.#throttled;
    const rise = well > 0 && this.#judgeRoundTrip(this.#roundMs / well);
    const share = (this.#pressed + this.#throttled) / this.#ended;
    this.#failing += (share - this.#failing) * (this.#ended / (this.#ended + MEMORY));
    const pressed = this.#pressed > 0 ? 1 - this.#failing / 3 : 1;
    const factor = Math.min(pressed, this.#throttled > 0 ? ON_THROTTLE : 1, rise ? ON_RISE : 1);
    if (share > 0.5 && this.#failing > 0.5) this.#shrink(0.5);
    else if (factor < 1) this.#shrink(factor);
    else if (this.#doubling && this.#isUsed) this.#grow(this.#limit);
    this.#roundStart = this.#started;
    this.#ended = this.#pressed = this.#throttled = this.#roundMs = 0;
    this.#reachedBefore = this.#reached;
    this.#reached = this.#inFlight >= this.limit;
  }

  get #isUsed(): boolean {
    return this.#reached || this.#reachedBefore;
  }

  /** Whether the round trip rose clearly over what it was; takes it into the running mean. */
  #judgeRoundTrip(ms: number): boolean {
    if (this.#mean === 0) {
      this.#mean = ms;
      return false;
    }
    const over = ms - this.#mean;
    const allowed = Math.max(DEVIATIONS * this.#deviation, LEAST_RISE * this.#mean, LEAST_RISE_MS);
    this.#mean += WEIGHT * over;
    this.#deviation += WEIGHT * (Math.abs(over) - this.#deviation);
    return over > allowed;
  }

  #grow(by: number): void {
    this.#limit = Math.min(this.#ceiling, this.#limit + by);
  }

  #shrink(factor: number): void {
    this.#doubling = false;
    this.#limit = Math.max(1, this.#limit * factor);
  }
}
