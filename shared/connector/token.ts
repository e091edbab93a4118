import type { TokenFailure } from './exchange.ts';

export type TokenResult =
  { readonly ok: true; readonly token: string } | { readonly ok: false; readonly failure: TokenFailure };

/** Where bearer tokens come from. */
export interface TokenProvider {
  /** A token that is good now; many callers share one fetch. */
  get(): Promise<TokenResult>;
  /** The service refused this token: it is not handed out again. A newer one stays. */
  reject(token: string): void;
  /** Forget the token; the secret is read anew with the next. */
  renew(): void;
}

/** A token as it was fetched, and for how long it is good. */
export type FetchedToken =
  | { readonly ok: true; readonly token: string; readonly lifetimeMs: number }
  | { readonly ok: false; readonly failure: TokenFailure };
