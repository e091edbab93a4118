import type { Reason } from '../errors.ts';

/** The fixed bytes around the delimited text in a `multipart/form-data` body with one part named `file`. */
export type MultipartFrame = { readonly contentType: string; readonly head: Buffer; readonly tail: Buffer };

/**
 * What became of one POST, judged once, by one table (docs/delivery.md).
 *
 * `certainty` says what the service can have done with the records: `accepted`, `notAccepted` (it cannot have them) or
 * `ambiguous` (it may have them: body sent, then no usable answer).
 * `next` says what to do: `done`; `retry` (after backoff or `retryAfterMs`); `refreshToken` (401: fresh credential once);
 * `shrink` (413: the body is too large); `refuse` (400, 422: bisect); `block` (configuration: hold everything).
 */
export type SendOutcome = {
  readonly certainty: 'accepted' | 'notAccepted' | 'ambiguous';
  readonly next: 'done' | 'retry' | 'refreshToken' | 'shrink' | 'refuse' | 'block';
  /** Stable class for metrics and the ledger: `HTTP_503`, `CONNECT_FAILED`, `RESET`, `TIMEOUT`, `TOKEN_FAILED`, … */
  readonly code: string;
  readonly status?: number;
  /** From Retry-After, seconds or date, relative to now; invalid ones are left out. */
  readonly retryAfterMs?: number;
  /** `RecordsSaved` of a JSON answer. */
  readonly recordsSaved?: number;
  /** True for a 2xx whose body could not be read as the contract says; accepted all the same, counted as an anomaly. */
  readonly anomaly?: boolean;
  /** The service's own words, at most 2,000 characters. May echo patient data: goes to quarantine and nowhere else. */
  readonly words?: string;
  /** Cause and cure, for `block` and for what the status shows; safe to show. */
  readonly reason: Reason;
  /** ms from the first byte sent to the end of the answer. */
  readonly durationMs: number;
};

/** One connector of Purview as the delivery sees it. */
export interface ConnectorClient {
  readonly frame: MultipartFrame;
  /**
   * One POST of one body (frame.head + header line + records + frame.tail, as one buffer or several that follow each other).
   * Sends at most once, follows no redirect, ends within the deadline. Gets a token first; when that fails nothing is sent and
   * the outcome is `notAccepted` with code `TOKEN_…`. Never throws for faults of the far end; throws only when `signal` is
   * aborted before the first byte was written.
   */
  send(body: readonly Uint8Array[], signal?: AbortSignal): Promise<SendOutcome>;
  /**
   * Get a token now if there is none that lasts, so that the next `send` starts at once: what must be asked right before a request
   * goes out can be asked after this. A failure shows at the `send`. @throws the signal's reason when it is aborted
   */
  ready?(signal?: AbortSignal): Promise<void>;
  /** Forget the token and the credential, so that the next send asks for both anew (secret read again from its source). */
  renewCredential(): void;
  /** Close kept-alive connections. */
  close(): Promise<void>;
}
