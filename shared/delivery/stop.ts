import type { Reason } from '../errors.ts';

/** Why an invocation ends before its chunk is settled. */
export type StopCause =
  /** The environment is at fault: try again at `until` (UTC ms). */
  | { readonly kind: 'park'; readonly reason: Reason; readonly until: number }
  /** Time is up, the host shuts down, or the ledger must be read anew: go on in another invocation, at once. */
  | { readonly kind: 'yield' }
  /** Another invocation owns the chunk. */
  | { readonly kind: 'fenced' }
  /** The export ended meanwhile: cancelled, or its source vanished. */
  | { readonly kind: 'ended' }
  /** The pinned bytes are gone or no longer what was split. */
  | { readonly kind: 'sourceLost' }
  /** The ledger could not be reached. */
  | { readonly kind: 'storage'; readonly error: unknown }
  /** A fault of the program. */
  | { readonly kind: 'broken'; readonly error: unknown };

/** Ends an invocation: the first cause counts, later ones are its consequences. Requests in flight are waited for. */
export class Stop {
  readonly #controller = new AbortController();
  #cause: StopCause | undefined;

  get cause(): StopCause | undefined {
    return this.#cause;
  }

  /** Aborted once a cause is known. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  now(cause: StopCause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#controller.abort();
  }
}
