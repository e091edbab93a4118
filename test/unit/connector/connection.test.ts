import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
  TLSSocket,
} from 'node:tls';
import { after, describe, test } from 'node:test';
import { makeCertificate } from '../../../local/simulator/certificate.ts';
import { Connection, type PostResult } from '../../../shared/connector/connection.ts';
import { socketOpener, type SocketOptions } from '../../../shared/connector/socket.ts';

const SMALL = Buffer.from('Creation Time,Event Name\n');
/** More than the buffers of both ends of a loopback connection hold. */
const LARGE = Buffer.alloc(32 * 1024 ** 2, 'x');
const ok = (body = 'ok'): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const { key, cert } = await makeCertificate();
setDefaultCACertificates([...getCACertificates(), cert]);
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
async function serve(
  tls: boolean,
  onSocket: (socket: Socket) => void,
  certificate = { key, cert },
): Promise<URL> {
  const handle = (socket: Socket): void => {
    socket.on('error', () => {});
    sockets.add(socket);
    onSocket(socket);
  };
  const server = tls ? createTlsServer(certificate, handle) : createServer(handle);
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

type Options = Partial<SocketOptions> & { readonly deadlineMs?: number };

const connections: Connection[] = [];
after(() => Promise.all(connections.map((connection) => connection.close())));

/** An open connection. */
async function connect(origin: URL, { deadlineMs = 20_000, ...options }: Options = {}): Promise<Connection> {
  const socket = await socketOpener({ origin, timeoutMs: 5000, ...options })();
  if (typeof socket === 'string') assert.fail(socket);
  const connection = new Connection(socket, origin, deadlineMs);
  connections.push(connection);
  return connection;
}

const postOn = (
  connection: Connection,
  body: readonly Uint8Array[],
  mayBegin = (): boolean => true,
): Promise<PostResult> =>
  connection.post({
    path: '/api/signals?jobid=1',
    headers: { authorization: 'Bearer t' },
    body,
    mayBegin,
  });

const post = async (origin: URL, body: readonly Uint8Array[], options?: Options): Promise<PostResult> =>
  postOn(await connect(origin, options), body);

function short(result: PostResult): string {
  if (result.kind === 'refused' || result.kind === 'gone') return result.kind;
  const what =
    result.kind === 'broken' ? result.at : `${result.answer.status} ${result.answer.cut ?? 'whole'}`;
  return `${what} ${result.sent ? 'sent' : 'unsent'}`;
}

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
    assert.equal(await socketOpener({ origin, timeoutMs: 5000 })(), 'connect');
  });

  test('a certificate that is not trusted, or of another host: no byte is sent', async () => {
    let bytes = 0;
    const count = (socket: Socket): void => void socket.on('data', ({ length }: Buffer) => (bytes += length));
    const untrusted = await serve(true, count, await makeCertificate());
    assert.equal(await socketOpener({ origin: untrusted, timeoutMs: 5000 })(), 'tls');
    // A name that does resolve to a public address, in the eyes of the guard, would be connected to for real: so it is refused here.
    const elsewhere = socketOpener({
      origin: new URL(untrusted.href.replace('127.0.0.1', 'api.example.com')),
      timeoutMs: 5000,
      resolve: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    assert.equal(await elsewhere(), 'forbiddenAddress');
    assert.equal(bytes, 0);
  });

  test('a name that does not resolve', async () => {
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const open = socketOpener({
      origin: new URL('https://api.example.com'),
      timeoutMs: 5000,
      resolve: (_, __, done) => done(error, []),
    });
    assert.equal(await open(), 'dns');
  });

  for (const [what, silent] of [
    ['a name server', { origin: 'https://api.example.com', resolve: (): void => {} }],
    ['a handshake', {}],
  ] as const) {
    test(`${what} that never answers is given up in time`, async () => {
      const plain = await serve(false, (socket) => socket.resume());
      const origin = new URL('origin' in silent ? silent.origin : plain.href.replace('http', 'https'));
      const open = socketOpener({
        origin,
        timeoutMs: 200,
        ...('resolve' in silent ? { resolve: silent.resolve } : {}),
      });
      assert.equal(await open(), 'connect');
    });
  }
});

for (const tls of [false, true]) {
  describe(tls ? 'an open connection over TLS' : 'an open connection over TCP', () => {
    test('serves one request after another', async () => {
      let accepted = 0;
      const origin = await serve(tls, (socket) => {
        accepted += 1;
        socket.on('data', () => socket.write(ok()));
      });
      const connection = await connect(origin);
      for (let i = 0; i < 5; i += 1) {
        assert.ok(connection.isFit);
        assert.equal(short(await postOn(connection, [SMALL])), '200 whole sent');
      }
      assert.equal(accepted, 1);
    });

    for (const used of [false, true]) {
      test(`that the far end closes ${used ? 'between two requests' : 'before the first'} is fit no longer, and no other takes its place`, async () => {
        const accepted: Socket[] = [];
        let bytes = 0;
        const origin = await serve(tls, (socket) => {
          accepted.push(socket);
          socket.on('data', ({ length }: Buffer) => {
            bytes += length;
            socket.write(ok());
          });
        });
        const connection = await connect(origin);
        if (used) assert.equal(short(await postOn(connection, [SMALL])), '200 whole sent');
        while (accepted.length === 0) await new Promise(setImmediate);
        const before = bytes;
        accepted[0]!.end();
        while (connection.isFit) await new Promise(setImmediate);
        assert.equal(short(await postOn(connection, [SMALL])), 'gone');
        assert.deepEqual([accepted.length, bytes], [1, before]);
      });
    }

    test('whose far end speaks before it was spoken to is fit no longer', async () => {
      const origin = await serve(tls, (socket) => {
        socket.write('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
      });
      const connection = await connect(origin);
      while (connection.isFit) await new Promise(setImmediate);
      assert.equal(short(await postOn(connection, [SMALL])), 'gone');
    });

    test('is asked for leave at the first byte of each request, and sends none without', async () => {
      let bytes = 0;
      const origin = await serve(tls, (socket) => {
        socket.on('data', ({ length }: Buffer) => {
          bytes += length;
          socket.write(ok());
        });
      });
      for (const before of [0, 1]) {
        const connection = await connect(origin);
        for (let i = 0; i < before; i++) await postOn(connection, [SMALL]);
        const sentBefore = bytes;
        assert.equal(short(await postOn(connection, [SMALL, SMALL], () => false)), 'refused');
        assert.equal(connection.isFit, false);
        assert.equal(bytes, sentBefore);
      }
    });

    test('is not used again after an answer that came before the whole body was sent', async () => {
      const origin = await serve(
        tls,
        afterBytes(1024, (socket) => {
          socket.pause();
          socket.write(ok());
        }),
      );
      const connection = await connect(origin);
      assert.equal(short(await postOn(connection, [LARGE])), '200 whole unsent');
      assert.equal(connection.isFit, false);
    });
  });
}
