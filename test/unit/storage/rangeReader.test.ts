import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Agent } from 'undici';
import { systemClock } from '../../../shared/clock.ts';
import { SourceLostError } from '../../../shared/errors.ts';
import { readRange } from '../../../shared/storage/rangeReader.ts';

const CONTENT = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251));

type Handler = (request: IncomingMessage, response: ServerResponse, start: number, end: number) => boolean;

/** A server of CONTENT; `handler` returns true when it has dealt with the request in its own way. */
async function serve(t: TestContext, handler: Handler, deadlineMs = 10_000) {
  const server = createServer((request, response) => {
    const [, first, last] = /bytes=(\d+)-(\d+)/u.exec(request.headers.range ?? '') ?? [];
    const [start, end] = [Number(first), Number(last) + 1];
    if (handler(request, response, start, end)) return;
    response.writeHead(206, { 'content-length': end - start }).end(CONTENT.subarray(start, end));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispatcher = new Agent();
  t.after(async () => {
    await dispatcher.destroy();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`;
  const settings = { deadlineMs, attemptMs: 1_000, firstDelayMs: 1, maxDelayMs: 5 };
  const services = {
    dispatcher,
    retry: { clock: systemClock, random: () => 0.5, settings },
    settings: { pieceBytes: 1_000, stallMs: 100 },
  };
  const read = async (start = 0, end = CONTENT.length): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    const authorise = () => Promise.resolve({ url, headers: {} });
    for await (const bytes of readRange(authorise, { start, end }, services)) pieces.push(Buffer.from(bytes));
    return Buffer.concat(pieces);
  };
  return { read };
}

test('a range is read in pieces, and only that range', async (t) => {
  const { read } = await serve(t, () => false);
  assert.deepEqual(await read(), CONTENT);
  assert.deepEqual(await read(999, 2_001), CONTENT.subarray(999, 2_001));
  assert.deepEqual(await read(5, 5), Buffer.alloc(0));
});

test('connections that break are resumed at the byte where they broke', async (t) => {
  let breaks = 0;
  const { read } = await serve(t, (_request, response, start, end) => {
    if (++breaks % 2 === 0) return false;
    response.writeHead(206, { 'content-length': end - start });
    response.write(CONTENT.subarray(start, Math.min(start + 300, end)), () => response.destroy());
    return true;
  });
  assert.deepEqual(await read(), CONTENT);
  assert.ok(breaks > 10);
});

test('a connection that stalls is given up and resumed', async (t) => {
  let stalled = false;
  const { read } = await serve(t, (_request, response, start, end) => {
    if (stalled) return false;
    stalled = true;
    response.writeHead(206, { 'content-length': end - start }).write(CONTENT.subarray(start, start + 10));
    return true;
  });
  assert.deepEqual(await read(), CONTENT);
});

test('answers of 500 and 503 are met with patience, up to the deadline', async (t) => {
  let answers = 0;
  const { read } = await serve(t, (_request, response) => {
    if (++answers > 3) return false;
    response.writeHead(answers % 2 ? 500 : 503).end();
    return true;
  });
  assert.deepEqual(await read(), CONTENT);
  const down = await serve(
    t,
    (_request, response) => {
      response.writeHead(503).end();
      return true;
    },
    50,
  );
  await assert.rejects(down.read(), { statusCode: 503 });
});

test('a refused authorisation is an error at once', async (t) => {
  let answers = 0;
  const { read } = await serve(t, (_request, response) => {
    answers++;
    response.writeHead(403).end();
    return true;
  });
  await assert.rejects(read(0, 500), { statusCode: 403 });
  assert.equal(answers, 1);
});

test('a blob that is gone, or shorter than the range, is a lost source', async (t) => {
  const gone = await serve(t, (_request, response) => {
    response.writeHead(404).end();
    return true;
  });
  await assert.rejects(gone.read(), SourceLostError);
  const short = await serve(t, (_request, response, start) => {
    response.writeHead(206, { 'content-length': 1 }).end(CONTENT.subarray(start, start + 1));
    return true;
  });
  await assert.rejects(short.read(), SourceLostError);
});
