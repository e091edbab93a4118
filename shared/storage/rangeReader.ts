import { request, type Dispatcher } from 'undici';
import { SourceLostError } from '../errors.ts';
import type { ByteRange } from './blobs.ts';
import { isTransient, withRetries, type RetryContext } from './retry.ts';

/** Address and headers of a GET that the service lets pass for the next minutes. */
export type Authorise = () => Promise<{ url: string; headers: Record<string, string> }>;

export type RangeReaderSettings = {
  /** Bytes asked for in one request; the next one is asked for while this one is read. */
  readonly pieceBytes: number;
  /** ms without a byte after which a connection is given up and resumed. */
  readonly stallMs: number;
};

export const RANGE_READER: RangeReaderSettings = { pieceBytes: 32 * 2 ** 20, stallMs: 30_000 };

export type RangeReaderServices = {
  readonly dispatcher: Dispatcher;
  readonly retry: RetryContext;
  readonly settings: RangeReaderSettings;
};

type Body = Dispatcher.ResponseData['body'];

/** An answer that is no part of the blob; bears its status as the SDK's errors do. */
class ReadRefusedError extends Error {
  override readonly name = 'ReadRefusedError';
  readonly statusCode: number;

  constructor(statusCode: number) {
    super(`The blob service answered ${statusCode} to a read.`);
    this.statusCode = statusCode;
  }
}

const sourceLost = (what: string): SourceLostError =>
  new SourceLostError({
    code: 'SOURCE_LOST',
    cause: `${what} where the content of the export was pinned.`,
    cure: 'Put the export into its folder again.',
  });

/**
 * The bytes of a range by plain GETs: the SDK's download stream costs a third more CPU. One piece is read while the answer for
 * the next is on its way, and no more than socket buffers is held. A connection that breaks is resumed at the byte where it
 * broke; it is given up when `retry.settings.deadlineMs` pass without a new byte.
 * @throws {SourceLostError} when the blob is gone or shorter than the range
 */
export async function* readRange(
  authorise: Authorise,
  range: ByteRange,
  services: RangeReaderServices,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const done = new AbortController();
  const stop = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
  const open = (start: number, end: number): Promise<Body> => {
    const body = getRange(authorise, { start, end }, services, stop);
    // Nobody awaits the next piece when the reader stops before it.
    body.catch(() => undefined);
    return body;
  };
  const { pieceBytes } = services.settings;
  let next: Promise<Body> | undefined;
  try {
    for (let start = range.start; start < range.end; start += pieceBytes) {
      const end = Math.min(start + pieceBytes, range.end);
      const body = next ?? open(start, end);
      next = end < range.end ? open(end, Math.min(end + pieceBytes, range.end)) : undefined;
      yield* readPiece(body, { start, end }, open, services.retry, stop);
    }
  } finally {
    done.abort();
  }
}

async function* readPiece(
  first: Promise<Body>,
  { start, end }: ByteRange,
  open: (start: number, end: number) => Promise<Body>,
  { clock, settings }: RetryContext,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = start;
  let body = first;
  let deadline = clock.monotonic() + settings.deadlineMs;
  for (;;) {
    try {
      for await (const bytes of await body) {
        at += (bytes as Uint8Array).length;
        deadline = clock.monotonic() + settings.deadlineMs;
        yield bytes as Uint8Array;
      }
      if (at === end) return;
    } catch (error) {
      if (stop.aborted || !isTransient(error) || clock.monotonic() > deadline) throw error;
    }
    await clock.sleep(settings.firstDelayMs, stop);
    body = open(at, end);
  }
}

async function getRange(
  authorise: Authorise,
  { start, end }: ByteRange,
  { dispatcher, retry, settings }: RangeReaderServices,
  stop: AbortSignal,
): Promise<Body> {
  return withRetries(
    retry,
    async () => {
      const { url, headers } = await authorise();
      const answer = await request(url, {
        dispatcher,
        headers: { ...headers, range: `bytes=${start}-${end - 1}` },
        headersTimeout: settings.stallMs,
        bodyTimeout: settings.stallMs,
        signal: stop,
      });
      const { statusCode, body } = answer;
      if (statusCode === 206 && Number(answer.headers['content-length']) === end - start) return body;
      await body.dump();
      if (statusCode === 404) throw sourceLost('Nothing lies any more');
      if (statusCode === 206 || statusCode === 416) throw sourceLost('Fewer bytes lie');
      throw new ReadRefusedError(statusCode);
    },
    stop,
  );
}
