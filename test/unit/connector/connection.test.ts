import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { describe, test } from 'node:test';
import { afterBytes, LARGE, ok, post, serve, short, SMALL } from '../../support/connections.ts';

/** TLS sockets cannot be reset; closed with data unread, the system resets them. */
const reset = (socket: Socket): void => {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
};

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
