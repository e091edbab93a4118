import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { makeCertificate } from '../../../local/simulator/certificate.ts';
import { socketOpener } from '../../../shared/connector/socket.ts';
import { serve } from '../../support/connections.ts';

describe('connecting', () => {
  test('refused: nothing was sent', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.close();
    await once(server, 'close');
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
