import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { Answer, Break, Exchange } from './exchange.ts';

/** One POST, ready to go. */
export type Post = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces that follow each other; sent as they are. */
  readonly body: readonly Uint8Array[];
  /** Asked when the first byte is about to be written; false: none is. */
  readonly mayBegin: () => boolean;
};

/** What became of a POST. `durationMs` counts from the first byte to the end of the answer. */
export type PostResult =
  | (Exchange & { readonly durationMs: number })
  /** `mayBegin` said no: not one byte went out. */
  | { readonly kind: 'refused' }
  /** The connection was closed before the first byte. */
  | { readonly kind: 'gone' };

/** More of an answer is not read. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** An idle connection is closed after so long: shorter than the idle limits of load balancers, so that these seldom do. ms */
const KEEP_ALIVE_MS = 30_000;
/** One that has been idle for so long is no good for another request: it might be closed before that begins. ms */
const FIT_MS = 20_000;

/**
 * One open connection that carries one POST at a time: never repeated, no redirect followed, cut at the deadline and at 64 KiB of
 * answer. Once it is gone it stays so: nothing is ever sent on another in its place.
 *
 * undici does not tell when a body has left the process, only when it was buffered. Whether the service can have it
 * depends on just that, so the connection counts the bytes of the body that the operating system has taken. Over TLS Node tells of
 * what it took at once only in the next turn of the event loop, and never when the socket is destroyed before: so nothing is judged,
 * and no socket destroyed, until that turn.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #deadlineMs: number;
  #handedOver = false;
  /** No further request goes out on it. */
  #ends = false;
  #idleSince = performance.now();
  #bodyBytesTaken = 0;

  /**
   * @param socket connected
   * @param deadlineMs from the first byte of a POST to the end of its answer
   */
  constructor(socket: Socket, origin: URL, deadlineMs: number) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
    this.#client = new Client(origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: (_, callback) => queueMicrotask(() => this.#handOver(callback)),
    });
    // Until undici has the socket nobody else looks after it: it must not outlive its time, a far end that closes, or one that
    // speaks before it was spoken to.
    socket.on('error', () => undefined);
    for (const event of ['data', 'end', 'timeout']) socket.on(event, this.#destroy);
    socket.setTimeout(KEEP_ALIVE_MS).unref();
  }

  /** Whether the next request can go out on it. */
  get isFit(): boolean {
    return !this.#ends && !this.#socket.destroyed && performance.now() - this.#idleSince < FIT_MS;
  }

  /** Send once. */
  post({ path, headers, body, mayBegin }: Post): Promise<PostResult> {
    const length = body.reduce((total, { byteLength }) => total + byteLength, 0);
    const { promise, resolve } = Promise.withResolvers<PostResult>();
    const chunks: Buffer[] = [];
    let head: Omit<Answer, 'body' | 'cut'> | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    let startedAt: number | undefined;
    let read = 0;
    let over = false;

    const end = (outcome: Break | 'tooLong' | 'refused' | 'complete'): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      this.#idleSince = performance.now();
      if (startedAt === undefined) {
        resolve({ kind: outcome === 'refused' ? outcome : 'gone' });
        return;
      }
      const durationMs = performance.now() - startedAt;
      const cut = outcome === 'complete' || outcome === 'refused' ? undefined : outcome;
      const settle = (): void => {
        const sent = this.#bodyBytesTaken === length;
        // The rest of the body is still on its way: what follows on the connection could not be told from it.
        if (!sent) this.#ends = true;
        if (cut !== undefined) controller?.abort(new Error('cut off'));
        if (head) {
          const answer = { ...head, body: Buffer.concat(chunks), ...(cut ? { cut } : {}) };
          resolve({ kind: 'answered', answer, sent, durationMs });
        } else {
          const at = cut === undefined || cut === 'tooLong' ? 'garbled' : cut;
          resolve({ kind: 'broken', at, sent, durationMs });
        }
      };
      if (this.#bodyBytesTaken === length) settle();
      else setImmediate(settle);
    };
    const timer = setTimeout(() => end('timeout'), this.#deadlineMs);

    this.#client.dispatch(
      {
        method: 'POST',
        path,
        headers: { ...headers, 'content-length': String(length) },
        body: asBody(body),
      },
      {
        onRequestStart: (starting) => {
          // Over: the deadline. Started: undici is about to send a second time.
          if (over || startedAt !== undefined || this.#ends || !mayBegin()) {
            end(startedAt !== undefined || this.#ends ? 'reset' : 'refused');
            starting.abort(new Error('given up'));
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
          if (read > MAX_ANSWER_BYTES) end('tooLong');
          else chunks.push(chunk);
        },
        onResponseEnd: () => end('complete'),
        onResponseError: (_, error) => end(breakOf(error)),
      },
    );
    return promise;
  }

  /** Close at once. */
  close(): Promise<void> {
    if (!this.#handedOver) this.#destroy();
    return this.#client.destroy();
  }

  readonly #destroy = (): void => void this.#socket.destroy();

  /** undici asks for a connection at the first request, and again when it has lost the one it was given: there is no other. */
  #handOver(callback: buildConnector.Callback): void {
    const socket = this.#socket;
    if (socket.destroyed) {
      callback(new Error('The connection is gone.'), null);
      return;
    }
    this.#handedOver = true;
    for (const event of ['data', 'end', 'timeout']) socket.off(event, this.#destroy);
    socket.setTimeout(0).ref();
    this.#countBody();
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error) => {
      this.#ends = true;
      setImmediate(() => destroy(error));
      return socket;
    };
    callback(null, socket);
  }

  #countBody(): void {
    const socket = this.#socket;
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

function breakOf(error: Error): Break {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /^HPE_|^UND_ERR_(?:HEADERS_OVERFLOW|RES_)/.test(code) || error.name === 'HTTPParserError'
    ? 'garbled'
    : 'reset';
}
