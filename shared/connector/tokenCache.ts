import type { Clock } from '../clock.ts';
import type { FetchedToken, TokenProvider, TokenResult } from './token.ts';

/** Callers that come this soon after a failure share it, so that a burst of batches makes one request. ms */
const FAILURE_HOLD_MS = 1000;
/** A token is renewed this long before its end, or after four fifths of a short life. ms */
const MARGIN_MS = 5 * 60_000;
/** No token lives longer; a lifetime beyond it is a malformed answer. ms */
const LONGEST_LIFE_MS = 25 * 3_600_000;

type Held = { readonly token: string; readonly fetchedAt: number; readonly lifetimeMs: number };

/**
 * Keep one token and share one fetch among all callers. Ages are judged by the monotonic clock alone, so that a clock
 * set back or forth changes nothing. A token near its end still serves while no newer one can be had.
 */
export function createTokenCache(
  fetch: () => Promise<FetchedToken>,
  clock: Pick<Clock, 'monotonic'>,
): TokenProvider {
  let held: Held | undefined;
  let failed: { readonly result: TokenResult; readonly at: number } | undefined;
  let fetching: Promise<TokenResult> | undefined;

  const left = ({ fetchedAt, lifetimeMs }: Held): number => lifetimeMs - (clock.monotonic() - fetchedAt);

  async function refresh(): Promise<TokenResult> {
    const got = checked(await fetch());
    if (got.ok) {
      held = { token: got.token, lifetimeMs: got.lifetimeMs, fetchedAt: clock.monotonic() };
      failed = undefined;
      return { ok: true, token: got.token };
    }
    failed = { result: got, at: clock.monotonic() };
    return got;
  }

  async function fresh(): Promise<TokenResult> {
    if (held && left(held) > Math.min(MARGIN_MS, held.lifetimeMs / 5)) return { ok: true, token: held.token };
    if (!fetching && failed && clock.monotonic() - failed.at < FAILURE_HOLD_MS) return orHeld(failed.result);
    fetching ??= refresh().finally(() => {
      fetching = undefined;
    });
    return orHeld(await fetching);
  }

  const orHeld = (result: TokenResult): TokenResult =>
    !result.ok && held && left(held) > 0 ? { ok: true, token: held.token } : result;

  return {
    get: fresh,
    reject: (token) => {
      if (held?.token === token) held = undefined;
    },
    renew: () => {
      failed = undefined;
      held = undefined;
    },
  };
}

/** A provider of one fixed token, for a connector on this machine. */
export const fixedToken = (token: string): TokenProvider => ({
  get: () => Promise.resolve({ ok: true, token }),
  reject: () => {},
  renew: () => {},
});

function checked(got: FetchedToken): FetchedToken {
  if (!got.ok) return got;
  const good = got.token.length > 0 && got.lifetimeMs > 0 && got.lifetimeMs <= LONGEST_LIFE_MS;
  return good ? got : { ok: false, failure: { kind: 'invalid' } };
}
