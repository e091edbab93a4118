import type { Clock } from '../clock.ts';

/** A Date header is cut to the second: the service's clock said at least that, and less than this much more. ms */
const DATE_STEP_MS = 1_000;

/**
 * The storage service's clock, as far as its answers tell, so that instances whose machines disagree agree on when a claim or a gate
 * has passed. The Date of an answer says between which bounds the service's time lies; each answer narrows them, soon to about a
 * round trip. Within them the machine's clock is believed, at its bounds it is corrected. In between it goes on by the monotonic
 * clock, so that a machine's clock that is set by a day ends no claim and opens no gate.
 */
export class ServerClock implements Clock {
  readonly #local: Clock;
  /** Least, most and likely ms of the service's time (UTC) ahead of the monotonic clock; undefined before the first answer. */
  #ahead: { readonly least: number; readonly most: number; readonly likely: number } | undefined;

  constructor(local: Clock) {
    this.#local = local;
  }

  now(): number {
    if (this.#ahead === undefined) return this.#local.now();
    return Math.floor(this.#ahead.likely + this.#local.monotonic());
  }

  monotonic(): number {
    return this.#local.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#local.sleep(ms, signal);
  }

  /** Run one call of the service and learn from the Date header that `dateOf` finds in its answer. */
  async observe<Answer>(
    call: () => Promise<Answer>,
    dateOf: (answer: Answer) => string | undefined,
  ): Promise<Answer> {
    const asked = this.#local.monotonic();
    const answer = await call();
    const date = Date.parse(dateOf(answer) ?? '');
    if (!Number.isNaN(date)) this.#learn(date - this.#local.monotonic(), date + DATE_STEP_MS - asked);
    return answer;
  }

  #learn(from: number, to: number): void {
    const least = Math.max(from, this.#ahead?.least ?? from);
    const most = Math.min(to, this.#ahead?.most ?? to);
    // Bounds that exclude each other: one of the clocks drifted, or was set. What was learnt last counts.
    const [low, high] = least <= most ? [least, most] : [from, to];
    const believed = this.#ahead?.likely ?? this.#local.now() - this.#local.monotonic();
    const isPossible = believed >= low && believed <= high;
    // The first bounds are a second apart: their middle is the best guess. Later ones only correct.
    const nearest = this.#ahead === undefined ? (low + high) / 2 : believed < low ? low : high;
    this.#ahead = { least: low, most: high, likely: isPossible ? believed : nearest };
  }
}
