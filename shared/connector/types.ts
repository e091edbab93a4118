import type { Reason } from '../errors.ts';

/** The fixed bytes around the delimited text in a `multipart/form-data` body with one part named `file`. */
export type MultipartFrame = { readonly contentType: string; readonly head: Buffer; readonly tail: Buffer };

/**
 * What became of one POST, judged once, by one table (docs/delivery.md).
 *
 * `certainty` says what the service can have done with the records: `accepted`, `notAccepted` (it cannot have them) or
 * `ambiguous` (it may have them: body sent, then no usable answer).
 * `next` says what to do: `done`; `retry` (after backoff or `retryAfterMs`); `refreshToken` (401: another token, once);
 * `shrink` (413: the body is too large); `refuse` (400, 422: bisect); `block` (configuration: hold everything).
 */
export type SendOutcome = {
  readonly certainty: 'accepted' | 'notAccepted' | 'ambiguous';
  readonly next: 'done' | 'retry' | 'refreshToken' | 'shrink' | 'refuse' | 'block';
  /** How far it came: there was no token, no connection, or a request went out, if only its first byte. */
  readonly stage: 'token' | 'connection' | 'request';
  /** From Retry-After, seconds or date, relative to now; invalid ones are left out. */
  readonly retryAfterMs?: number;
  /** `RecordsSaved` of a JSON answer. */
  readonly recordsSaved?: number;
  /** True for a 2xx whose body could not be read as the contract says; accepted all the same, counted as an anomaly. */
  readonly anomaly?: boolean;
  /** The service's own words, at most 2,000 characters. May echo patient data: goes to quarantine and nowhere else. */
  readonly words?: string;
  /** Stable code for metrics and the ledger (`HTTP_503`, `RESET`, …), HTTP status, cause and cure; safe to show. */
  readonly reason: Reason;
  /** ms from the first byte sent to the end of the answer; 0 when none was sent. */
  readonly durationMs: number;
};

/** A token and an open connection, kept for one request: spent by `send` or `release`, whichever comes first. */
export interface PreparedRequest {
  /**
   * One POST of one body (frame.head + header line + records + frame.tail, as one buffer or several that follow each other), with
   * just this token and on just this connection: nothing is fetched, resolved or connected any more. Sends at most once, follows no
   * redirect, ends within the deadline, never throws for faults of the far end.
   * @param mayBegin asked when the first byte is about to be written, and perhaps before
   * @returns undefined when `mayBegin` said no: then nothing was sent
   */
  send(body: readonly Uint8Array[], mayBegin: () => boolean): Promise<SendOutcome | undefined>;
  /** Nothing is sent after all: the connection serves another request. No effect after `send`. */
  release(): void;
}

/** What `prepare` comes to: a request that can begin at once, or what there is to say of one that cannot. */
export type Preparation =
  | { readonly kind: 'ready'; readonly request: PreparedRequest }
  | { readonly kind: 'failed'; readonly outcome: SendOutcome };

/** One connector of Purview as the delivery sees it. */
export interface ConnectorClient {
  readonly frame: MultipartFrame;
  /**
   * Everything about a request that can take time, done before it: a token that is good now and an open connection. So whatever must
   * be asked right before a request goes out is asked between this and `send`. Costs nothing when both are at hand.
   * Never throws for faults of the far end. @returns undefined when `signal` was aborted first
   */
  prepare(signal: AbortSignal): Promise<Preparation | undefined>;
  /** Forget token and credential, so that the next request has new ones (secret read again from its source). */
  renewCredential(): void;
  /** Close kept-alive connections. */
  close(): Promise<void>;
}
