import type { Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { isLoopback } from '../loopback.ts';
import { guardedLookup, type Resolve } from './endpoint.ts';
import type { Answer, Break } from './exchange.ts';

/** What a connection needs to know. Times are ms. */
export type ConnectionOptions = {
  /** Origin only: scheme, host, port. */
  readonly origin: URL;
  readonly deadlineMs: number;
  /** PEM of a further certificate authority. */
  readonly ca?: string;
  /** Name resolution, for tests. */
  readonly resolve?: Resolve;
};

/** One POST, ready to go. */
export type Post = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces that follow each other; sent as they are. */
  readonly body: readonly Uint8Array[];
  /** Heeded until the first byte is written: what has begun is left to end, since its outcome would be lost. */
  readonly signal?: AbortSignal;
};

/** What became of a POST. `durationMs` counts from the first byte to the end of the answer. */
export type PostResult = (
  { readonly kind: 'broken'; readonly at: Break } | { readonly kind: 'answered'; readonly answer: Answer }
) & { readonly sent: boolean; readonly durationMs: number };

/** More of an answer is not read. */
const MAX_ANSWER_BYTES = 64 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than the idle limits of load balancers, so that a connection is seldom reused while the far end closes it. */
const KEEP_ALIVE_MS = 30_000;

/**
 * One kept-alive connection that carries one POST at a time: never repeated, no redirect followed, no proxy asked, cut at
 * the deadline and at 64 KiB of answer.
 *
 * undici does not tell when a body has left the process, only when it was buffered. Whether the service can have it
 * depends on just that, so the connection counts the bytes of the body that the operating system has taken.
 */
export class Connection {
  readonly #client: Client;
  readonly #deadlineMs: number;
  #bodyBytesTaken = 0;

  constructor({ origin, deadlineMs, ca, resolve }: ConnectionOptions) {
    const connect = buildConnector({
      timeout: Math.min(deadlineMs, CONNECT_TIMEOUT_MS),
      ...(isLoopback(origin) && origin.hostname !== 'localhost' ? {} : { lookup: guardedLookup(resolve) }),
      ...(ca === undefined ? {} : { ca }),
    });
    this.#deadlineMs = deadlineMs;
    this.#client = new Client(origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: (options, callback) =>
        connect(options, (...[error, socket]) => {
          if (error) callback(error, null);
          else callback(null, this.#watch(socket));
        }),
    });
  }

  /** Send once. @throws the signal's reason when it is aborted before the first byte was written */
  post({ path, headers, body, signal }: Post): Promise<PostResult> {
    signal?.throwIfAborted();
    const length = body.reduce((total, { byteLength }) => total + byteLength, 0);
    const { promise, resolve, reject } = Promise.withResolvers<PostResult>();
    const chunks: Buffer[] = [];
    let head: Omit<Answer, 'body' | 'cut'> | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    let startedAt = 0;
    let read = 0;
    let over = false;

    const end = (outcome: { at: Break | 'tooLong' } | 'complete'): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      const sent = startedAt > 0 && this.#bodyBytesTaken === length;
      const durationMs = startedAt > 0 ? performance.now() - startedAt : 0;
      if (head) {
        const cut = outcome === 'complete' ? undefined : answerCut(outcome.at);
        const answer = { ...head, body: Buffer.concat(chunks), ...(cut ? { cut } : {}) };
        resolve({ kind: 'answered', answer, sent, durationMs });
      } else {
        const at = outcome === 'complete' || outcome.at === 'tooLong' ? 'garbled' : outcome.at;
        resolve({ kind: 'broken', at, sent, durationMs });
      }
      if (outcome !== 'complete') controller?.abort(new Error('cut off'));
    };
    const timer = setTimeout(() => end({ at: 'timeout' }), this.#deadlineMs);
    const onAbort = (): void => {
      if (over || startedAt > 0) return;
      over = true;
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });

    this.#client.dispatch(
      {
        method: 'POST',
        path,
        headers: { ...headers, 'content-length': String(length) },
        body: asBody(body),
      },
      {
        onRequestStart: (starting) => {
          if (over || startedAt > 0) {
            // Given up while connecting, or undici about to send a second time: either way not one byte more.
            starting.abort(new Error('given up'));
            end({ at: 'reset' });
            return;
          }
          controller = starting;
          startedAt = performance.now();
          this.#bodyBytesTaken = 0;
        },
        onResponseStart: (_, status, answerHeaders) => {
          if (status >= 200) head = readHead(status, answerHeaders);
        },
        onResponseData: (_, chunk) => {
          read += chunk.length;
          if (read > MAX_ANSWER_BYTES) end({ at: 'tooLong' });
          else chunks.push(chunk);
        },
        onResponseEnd: () => end('complete'),
        onResponseError: (_, error) => end({ at: startedAt > 0 ? breakOf(error) : connectBreakOf(error) }),
      },
    );
    return promise;
  }

  /** Close at once. */
  close(): Promise<void> {
    return this.#client.destroy();
  }

  #watch(socket: Socket): Socket {
    const write = socket.write.bind(socket) as (
      chunk: string | Uint8Array,
      encoding: BufferEncoding | undefined,
      done: (error?: Error | null) => void,
    ) => boolean;
    // undici writes the head as a string and the body as bytes. A pending write of a destroyed socket is reported without
    // an error, hence the second condition.
    socket.write = ((chunk: string | Uint8Array, encoding?: BufferEncoding): boolean =>
      write(chunk, encoding, (error) => {
        if (!error && !socket.destroyed && typeof chunk !== 'string')
          this.#bodyBytesTaken += chunk.byteLength;
      })) as Socket['write'];
    return socket;
  }
}

/** One piece is sent as a buffer, several as an iterable, which undici takes although its types do not say so. */
function asBody(body: readonly Uint8Array[]): Uint8Array {
  const [only] = body;
  return body.length === 1 && only ? only : (body as unknown as Uint8Array);
}

function readHead(
  status: number,
  headers: Record<string, string | string[] | undefined>,
): Omit<Answer, 'body' | 'cut'> {
  const first = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const retryAfter = first('retry-after');
  const date = first('date');
  const contentType = first('content-type');
  return {
    status,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(date === undefined ? {} : { date }),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

const answerCut = (at: Break | 'tooLong'): NonNullable<Answer['cut']> =>
  at === 'tooLong' || at === 'timeout' || at === 'garbled' ? at : 'reset';

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : '';

function breakOf(error: Error): Break {
  return /^HPE_|^UND_ERR_(?:HEADERS_OVERFLOW|RES_)/.test(codeOf(error)) || error.name === 'HTTPParserError'
    ? 'garbled'
    : 'reset';
}

function connectBreakOf(error: Error): Break {
  const code = codeOf(error);
  if (code === 'FORBIDDEN_ADDRESS') return 'forbiddenAddress';
  if (/^(?:ENOTFOUND|EAI_)/.test(code)) return 'dns';
  return /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|HOSTNAME_MISMATCH|EPROTO)/.test(
    code,
  )
    ? 'tls'
    : 'connect';
}
