/** Why there is no connection. */
export type ConnectFault = 'dns' | 'connect' | 'tls' | 'forbiddenAddress';

/** Why a connection gave no answer, or broke one off. */
export type Break =
  /** The connection was closed. */
  | 'reset'
  /** The deadline of the whole exchange passed. */
  | 'timeout'
  /** What came back is not HTTP. */
  | 'garbled';

/** What an answer looked like, as far as the verdict depends on it. */
export type Answer = {
  readonly status: number;
  readonly retryAfter?: string;
  /** Its `Date` header. */
  readonly date?: string;
  readonly contentType?: string;
  /** At most 64 KiB. */
  readonly body: Buffer;
  /** Why the rest of the body is not known. */
  readonly cut?: Break | 'tooLong';
};

/** Why there was no token to send. */
export type TokenFailure = {
  readonly kind:
    /** The token endpoint refused the credential: the configuration is wrong. */
    | 'refused'
    /** It could not be reached, failed or did not answer in time. */
    | 'unavailable'
    /** It answered with something that is no token. */
    | 'invalid'
    /** The secret or certificate could not be read from the Key Vault, or the managed identity gave no assertion. */
    | 'secret';
  readonly status?: number;
  /** Number of Entra's error, e.g. 7000222. */
  readonly aadsts?: string;
  readonly retryAfterMs?: number;
};

/** A request that went out, as observed; `judge` says what it means. `sent`: the last byte of the body was handed to the network. */
export type Exchange =
  | { readonly kind: 'broken'; readonly at: Break; readonly sent: boolean }
  | { readonly kind: 'answered'; readonly answer: Answer; readonly sent: boolean };
