import type { Random } from './clock.ts';

/** How long to wait before attempt `attempt` + 1 (from 1): uniform between 0 and `baseMs` doubled each time, never over `capMs`. */
export function backoff(attempt: number, baseMs: number, capMs: number, random: Random): number {
  return Math.ceil(random() * growing(attempt, baseMs, capMs));
}

/**
 * How long an open circuit keeps everybody out before its `failures`th probe: jittered like {@link backoff}, but never under a
 * quarter of the full delay, so that an outage of days costs tens of probes and not hundreds.
 */
export function outageDelay(failures: number, baseMs: number, capMs: number, random: Random): number {
  return Math.ceil((0.25 + 0.75 * random()) * growing(failures, baseMs, capMs));
}

// 2 ** 30 times any base is over every cap; the exponent is bounded so that 8 days of failures do not overflow.
const growing = (attempt: number, baseMs: number, capMs: number): number =>
  Math.min(capMs, baseMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
