import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PROJECT } from '../../support/cli.ts';
import {
  afterBytes,
  connect,
  LARGE,
  ok,
  postOn,
  serve,
  short,
  SMALL,
  trusted,
} from '../../support/connections.ts';

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

describe('a far end that is done before this process goes on', () => {
  let origin: URL;
  let server: ChildProcess;
  before(async () => {
    server = fork(path.join(PROJECT, 'test', 'support', 'quickServer.ts'));
    server.send(trusted);
    const [port] = (await once(server, 'message')) as [number];
    origin = new URL(`https://127.0.0.1:${port}`);
  });
  after(() => server.kill());

  /** Leave for a request right after whose first write this process stands still. */
  const standStill = (): boolean => {
    process.nextTick(() => {
      const end = performance.now() + 50;
      while (performance.now() < end);
    });
    return true;
  };

  const CASES: readonly [string, string][] = [
    ['answer.', '200 whole sent'],
    ['close.', 'reset sent'],
    ['answer and close.', '200 whole sent'],
    [`answer early ${LARGE.toString('latin1')}`, '200 whole unsent'],
  ];
  for (const [text, expected] of CASES) {
    test(`on a connection in use, to "${text.slice(0, 17).trim()}": ${expected}`, async () => {
      const connection = await connect(origin);
      assert.equal(short(await postOn(connection, [Buffer.from('answer.')])), '200 whole sent');
      assert.equal(short(await postOn(connection, [Buffer.from(text, 'latin1')], standStill)), expected);
    });
  }
});
