import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { after, describe, test } from 'node:test';
import { makeCertificate } from '../../../local/simulator/certificate.ts';
import { Connection, type ConnectionOptions, type PostResult } from '../../../shared/connector/connection.ts';

const SMALL = Buffer.from('Creation Time,Event Name\n');
/** More than the buffers of both ends of a loopback connection hold. */
const LARGE = Buffer.alloc(32 * 1024 ** 2, 'x');
const ok = (body = 'ok'): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const { key, cert } = await makeCertificate();
const servers: Server[] = [];
const sockets = new Set<Socket>();
after(() => {
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
});

/** TLS sockets cannot be reset; closed with data unread, the system resets them. */
const reset = (socket: Socket): void => {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
};

/** A server that does with each connection just what the test says. */
async function serve(tls: boolean, onSocket: (socket: Socket) => void): Promise<URL> {
  const handle = (socket: Socket): void => {
    socket.on('error', () => {});
    sockets.add(socket);
    onSocket(socket);
  };
  const server = tls ? createTlsServer({ key, cert }, handle) : createServer(handle);
  server.on('tlsClientError', () => {});
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** Run `then` once a connection has received this many bytes of body (the head comes on top). */
const afterBytes = (bytes: number, then: (socket: Socket) => void) => (socket: Socket) => {
  let received = 0;
  socket.on('data', (data: Buffer) => {
    const before = received;
    received += data.length;
    if (before <= bytes && received > bytes) then(socket);
  });
};

async function post(
  origin: URL,
  body: readonly Uint8Array[],
  options: Partial<ConnectionOptions> = {},
): Promise<PostResult> {
  const connection = new Connection({ origin, deadlineMs: 20_000, ca: cert, ...options });
  const result = await connection.post({
    path: '/api/signals?jobid=1',
    headers: { authorization: 'Bearer t' },
    body,
  });
  await connection.close();
  return result;
}

const short = (result: PostResult): string =>
  result.kind === 'broken'
    ? `${result.at} ${result.sent ? 'sent' : 'unsent'}`
    : `${result.answer.status} ${result.answer.cut ?? 'whole'} ${result.sent ? 'sent' : 'unsent'}`;

for (const tls of [false, true]) {
  describe(tls ? 'over TLS' : 'over TCP', () => {
    test('sends the pieces of a body in order, once, with its length', async () => {
      const chunks: Buffer[] = [];
      const pieces = [SMALL, LARGE, Buffer.from('tail')];
      const origin = await serve(tls, (socket) => {
        socket.on('data', (data: Buffer) => {
          chunks.push(data);
          if (data.subarray(-4).toString() === 'tail') socket.write(ok());
        });
      });

      assert.equal(short(await post(origin, pieces)), '200 whole sent');

      const all = Buffer.concat(chunks);
      const head = all.subarray(0, all.indexOf('\r\n\r\n')).toString().toLowerCase();
      assert.match(head, /^post \/api\/signals\?jobid=1 http\/1\.1\r\n/);
      assert.match(head, new RegExp(`\\ncontent-length: ${SMALL.length + LARGE.length + 4}(\\r|$)`));
      assert.ok(all.subarray(all.indexOf('\r\n\r\n') + 4).equals(Buffer.concat(pieces)));
    });

    test('a reset before the whole body is read: not sent', async () => {
      const origin = await serve(tls, afterBytes(1024, reset));
      assert.equal(short(await post(origin, [LARGE])), 'reset unsent');
      assert.equal(short(await post(origin, [SMALL, LARGE])), 'reset unsent');
    });

    test('a polite end before the whole body is read: not sent', async () => {
      const origin = await serve(
        tls,
        afterBytes(1024, (socket) => {
          socket.pause();
          socket.end();
        }),
      );
      assert.equal(short(await post(origin, [LARGE], { deadlineMs: 3000 })).endsWith('unsent'), true);
    });

    for (const [name, body] of [
      ['small', [SMALL]],
      ['large', [LARGE]],
      ['in pieces', [SMALL, LARGE, SMALL]],
    ] as const) {
      const length = body.reduce((sum, piece) => sum + piece.length, 0);
      test(`a reset after the whole of a ${name} body was read: sent`, async () => {
        const origin = await serve(tls, afterBytes(length, reset));
        assert.equal(short(await post(origin, body)), 'reset sent');
      });
    }

    test('the deadline passes while nobody reads: not sent; while nobody answers: sent', async () => {
      const deaf = await serve(tls, (socket) => socket.pause());
      const mute = await serve(tls, (socket) => socket.resume());
      assert.equal(short(await post(deaf, [LARGE], { deadlineMs: 500 })), 'timeout unsent');
      assert.equal(short(await post(mute, [SMALL], { deadlineMs: 300 })), 'timeout sent');
    });

    test('an answer before the body was sent is told apart', async () => {
      const origin = await serve(
        tls,
        afterBytes(1024, (socket) => {
          socket.pause();
          socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n');
        }),
      );
      assert.equal(short(await post(origin, [LARGE])), '413 whole unsent');
    });
  });
}

describe('answers', () => {
  const CASES: readonly [string, string, string][] = [
    ['closed before its end', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok', '200 reset sent'],
    ['that is not HTTP', 'SSH-2.0-OpenSSH\r\n', 'garbled sent'],
    [
      'of chunks that break off',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
      '200 reset sent',
    ],
    [
      'a redirect',
      'HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
      '307 whole sent',
    ],
    ['after an interim one', `HTTP/1.1 103 Early Hints\r\n\r\n${ok()}`, '200 whole sent'],
  ];
  for (const [what, bytes, expected] of CASES) {
    test(`an answer ${what}: ${expected}`, async () => {
      const origin = await serve(
        false,
        afterBytes(SMALL.length, (socket) => socket.end(bytes)),
      );
      assert.equal(short(await post(origin, [SMALL])), expected);
    });
  }

  test('one that drips is cut at the deadline, one without end at 64 KiB; the socket is destroyed', async () => {
    const closed: Promise<unknown>[] = [];
    const drip = (everyMs: number, bytes: number) =>
      afterBytes(SMALL.length, (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const timer = setInterval(() => socket.write(Buffer.alloc(bytes, ' ')), everyMs);
        closed.push(once(socket, 'close').then(() => clearInterval(timer)));
      });

    const slow = await post(await serve(false, drip(20, 1)), [SMALL], { deadlineMs: 300 });
    const endless = await post(await serve(false, drip(1, 10_000)), [SMALL]);
    await Promise.all(closed);

    assert.equal(short(slow), '200 timeout sent');
    assert.equal(short(endless), '200 tooLong sent');
    assert.ok(endless.kind === 'answered' && endless.answer.body.length <= 64 * 1024);
  });
});

describe('connecting', () => {
  test('refused: nothing was sent', async () => {
    const origin = await serve(false, () => {});
    const free = servers.pop();
    free?.close();
    assert.equal(short(await post(origin, [SMALL])), 'connect unsent');
  });

  test('a certificate that is not trusted, or of another host: no byte is sent', async () => {
    let bytes = 0;
    const origin = await serve(true, (socket) =>
      socket.on('data', ({ length }: Buffer) => (bytes += length)),
    );
    const other = await makeCertificate();
    const elsewhere = new URL(origin.href.replace('127.0.0.1', 'api.example.com'));

    const untrusted = new Connection({ origin, deadlineMs: 5000, ca: other.cert });
    assert.equal(short(await untrusted.post({ path: '/', headers: {}, body: [SMALL] })), 'tls unsent');
    await untrusted.close();
    // A name that does resolve to a public address, in the eyes of the guard, would be connected to for real: so it is refused here.
    assert.equal(
      short(
        await post(elsewhere, [SMALL], {
          resolve: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
        }),
      ),
      'forbiddenAddress unsent',
    );
    assert.equal(bytes, 0);
  });

  test('a name that does not resolve', async () => {
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const result = await post(new URL('https://api.example.com'), [SMALL], {
      resolve: (_, __, done) => done(error, []),
    });
    assert.equal(short(result), 'dns unsent');
  });

  test('the deadline holds while connecting, and nothing is sent afterwards', async () => {
    const result = await post(new URL('https://api.example.com'), [SMALL], {
      deadlineMs: 200,
      resolve: () => {},
    });
    assert.equal(short(result), 'timeout unsent');
  });

  test('aborted before the first byte: throws; after it: left to end', async () => {
    let requests = 0;
    const origin = await serve(false, (socket) => {
      socket.on('data', () => {
        requests += 1;
        socket.write(ok());
      });
    });
    const connection = new Connection({ origin, deadlineMs: 5000 });
    const stop = new AbortController();
    const begun = connection.post({ path: '/', headers: {}, body: [SMALL], signal: stop.signal });
    stop.abort(new Error('stop'));
    await assert.rejects(begun, /stop/);
    await connection.close();

    const second = new Connection({ origin, deadlineMs: 5000 });
    await second.post({ path: '/', headers: {}, body: [SMALL] });
    const late = new AbortController();
    const answered = second.post({ path: '/', headers: {}, body: [SMALL], signal: late.signal });
    setImmediate(() => late.abort());
    assert.equal(short(await answered), '200 whole sent');
    await second.close();
    assert.equal(requests, 2);
  });

  test('a connection serves one request after another', async () => {
    let connections = 0;
    const origin = await serve(false, (socket) => {
      connections += 1;
      socket.on('data', () => socket.write(ok()));
    });
    const connection = new Connection({ origin, deadlineMs: 5000 });
    for (let i = 0; i < 5; i += 1) {
      assert.equal(short(await connection.post({ path: '/', headers: {}, body: [SMALL] })), '200 whole sent');
    }
    await connection.close();
    assert.equal(connections, 1);
  });
});
