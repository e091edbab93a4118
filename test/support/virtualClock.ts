import type { Clock, Random } from '../../shared/clock.ts';

type Sleeper = { readonly at: number; readonly order: number; readonly wake: () => void };

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Time that passes only when everybody sleeps: weeks take milliseconds, and the order of events is the same in every run. */
export class VirtualClock implements Clock {
  readonly #start: number;
  #elapsed = 0;
  #order = 0;
  readonly #sleepers: Sleeper[] = [];

  constructor(start = Date.parse('2026-11-21T06:00:00Z')) {
    this.#start = start;
  }

  now(): number {
    return this.#start + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const abort = (): void => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        reject(signal!.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper = { at: this.#elapsed + Math.max(0, ms), order: ++this.#order, wake };
      signal?.addEventListener('abort', abort, { once: true });
      this.#insert(sleeper);
    });
  }

  /**
   * Let time pass until `done` or until `ms` have passed. Everything that does not wait for time must come to rest by itself.
   * @returns whether `done`
   */
  async run(done: () => boolean, ms: number): Promise<boolean> {
    const end = this.#elapsed + ms;
    for (;;) {
      await rest();
      if (done()) return true;
      const next = this.#sleepers[0];
      if (next === undefined || next.at > end) {
        this.#elapsed = Math.max(this.#elapsed, end);
        return done();
      }
      this.#sleepers.shift();
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.wake();
    }
  }

  #insert(sleeper: Sleeper): void {
    let low = 0;
    let high = this.#sleepers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#sleepers[middle]!;
      if (other.at < sleeper.at || (other.at === sleeper.at && other.order < sleeper.order)) low = middle + 1;
      else high = middle;
    }
    this.#sleepers.splice(low, 0, sleeper);
  }
}

/** Every microtask has run. */
const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
