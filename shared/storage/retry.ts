import type { Clock, Random } from '../clock.ts';
import { isIdentityFault } from '../errors.ts';

/** How long a storage call may take, all attempts together, and how its attempts are spaced. */
export type RetrySettings = {
  /** ms after which no further attempt begins. */
  readonly deadlineMs: number;
  /** ms that one attempt may take. */
  readonly attemptMs: number;
  /** Wait before the second attempt, ms; doubles up to `maxDelayMs`, with jitter. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
};

export const STORAGE_RETRY: RetrySettings = {
  deadlineMs: 60_000,
  attemptMs: 30_000,
  firstDelayMs: 100,
  maxDelayMs: 5_000,
};

export type RetryContext = {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly random: Random;
  readonly settings: RetrySettings;
};

/** HTTP status that a storage client's error carries; undefined when no answer came. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Whether the same call may succeed later: no answer, time-out, throttled, no token to be had, or a fault of the service (5xx but 501, 505). */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) {
    return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
  }
  const { name, code } = error as { name?: string; code?: string };
  return (
    name === 'AbortError' ||
    name === 'TimeoutError' ||
    isIdentityFault(error) ||
    code === 'REQUEST_SEND_ERROR' ||
    /^(?:E[A-Z]+$|UND_ERR_|HPE_)/u.test(code ?? '')
  );
}

/**
 * Call until it succeeds, fails for good, or the deadline is reached; the last error is then thrown as it is.
 * `attempt` counts from 1: above 1 an earlier one may have done its work although its answer was lost.
 */
export async function withRetries<Result>(
  { clock, random, settings }: RetryContext,
  call: (attempt: number, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const deadline = clock.monotonic() + settings.deadlineMs;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(settings.attemptMs);
    try {
      return await call(attempt, signal ? AbortSignal.any([signal, timeout]) : timeout);
    } catch (error) {
      const ceiling = Math.min(settings.maxDelayMs, settings.firstDelayMs * 2 ** (attempt - 1));
      const wait = ceiling * (0.5 + random() / 2);
      if (signal?.aborted === true || !isTransient(error) || clock.monotonic() + wait > deadline) throw error;
      await clock.sleep(wait, signal);
    }
  }
}
