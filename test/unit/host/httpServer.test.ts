import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { after, before, test } from 'node:test';
import type { RegisteredFunction } from '../../../local/host/app.ts';
import type { BlobTriggers } from '../../../local/host/blobQueue.ts';
import type { HostContext } from '../../../local/host/hostContext.ts';
import { type HttpServer, serveRequests } from '../../../local/host/httpServer.ts';

const invoked: string[] = [];
const host = {
  config: { http: { routePrefix: 'api' } },
  settings: {},
  log: () => undefined,
  invoke: async ({ metadata }: RegisteredFunction) => {
    invoked.push(metadata.name);
    return { returnValue: { http: { statusCode: '200', body: { string: 'names of exports' } } } };
  },
} as unknown as HostContext;
const http = (name: string): RegisteredFunction => ({
  metadata: {
    name,
    bindings: { in: { type: 'httpTrigger', name: 'request', direction: 'in', methods: ['GET', 'POST'] } },
  },
  callback: () => undefined,
});
const blobs = { find: () => undefined } as unknown as BlobTriggers;

let server: HttpServer;
before(async () => {
  server = await serveRequests(host, [http('status'), http('replay')], blobs, 0);
});
after(() => server.stop());

async function ask(method: string, path: string, headers: OutgoingHttpHeaders = {}): Promise<number> {
  invoked.length = 0;
  const sent = request({ host: '127.0.0.1', port: server.port, method, path, headers, agent: false });
  sent.end(method === 'POST' ? '{}' : undefined);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode ?? 0;
}

test('a page of another site can neither run a function nor read the status', async () => {
  const port = String(server.port);
  const text = { 'content-type': 'text/plain' };
  for (const [method, path, headers] of [
    ['POST', '/admin/functions/replay', { ...text, origin: 'https://evil.example' }],
    ['POST', '/admin/functions/replay', { ...text, origin: 'null' }],
    ['POST', '/api/replay', { ...text, origin: `http://127.0.0.1:${Number(port) + 1}` }],
    ['POST', '/api/replay', { ...text, origin: `http://localhost.evil.example:${port}` }],
    ['GET', '/api/status', { host: 'evil.example' }],
    ['GET', '/api/status', { host: `evil.example:${port}` }],
    ['GET', '/api/status', { host: `127.0.0.1.evil.example:${port}` }],
    ['POST', '/api/replay', { host: `evil.example:${port}`, origin: `http://evil.example:${port}` }],
  ] as const) {
    assert.equal(await ask(method, path, headers), 403, `${path} ${JSON.stringify(headers)}`);
    assert.deepEqual(invoked, []);
  }
});

test('an address in a page, which no browser marks as foreign, runs nothing', async () => {
  assert.equal(await ask('GET', '/admin/functions/replay'), 404);
  assert.deepEqual(invoked, []);
});

test('this machine is served, by a browser on the page itself as well', async () => {
  const port = String(server.port);
  for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
    assert.equal(await ask('GET', '/api/status', { host: `${name}:${port}` }), 200);
    const own = { host: `${name}:${port}`, origin: `http://${name}:${port}` };
    assert.equal(await ask('POST', '/api/replay', own), 200);
    assert.equal(await ask('POST', '/admin/functions/status', { host: `${name}:${port}` }), 202);
    assert.deepEqual(invoked, ['status']);
  }
});
