import { setTimeout as delay } from 'node:timers/promises';

/** Time as the domain sees it; tests pass one whose hours last microseconds. */
export interface Clock {
  /** UTC, ms since 1970, as the storage service sees it where that is known: claims and gates are judged by it. */
  now(): number;
  /** ms from an arbitrary start that never steps back: deadlines and token ages. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A number in [0, 1), `Math.random` by default, seeded in tests. */
export type Random = () => number;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
};
