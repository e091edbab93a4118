import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { loadApp, type LoadedApp } from '../../support/loadedApp.ts';

/** Storage that takes a request and keeps its answer back. */
const slow = createServer();
let app: LoadedApp;
before(async () => {
  slow.listen(0, '127.0.0.1');
  await once(slow, 'listening');
  const url = `http://127.0.0.1:${String((slow.address() as AddressInfo).port)}/account`;
  app = await loadApp({
    ExportStorage: `AccountName=account;AccountKey=a2V5;BlobEndpoint=${url};QueueEndpoint=${url};TableEndpoint=${url}`,
  });
});
after(() => slow.close());

test('what is under way but pushes nothing does not hold up the end: lanes and telemetry are closed in time', async () => {
  const asked = once(slow, 'request');
  const pause = JSON.stringify({ action: 'pause', connector: 'healthcare' });
  let ended = false;
  const call = app
    .post('replay', { 'content-type': 'application/json' }, pause)
    .catch(() => undefined)
    .finally(() => (ended = true));
  const [, response] = (await asked) as [unknown, ServerResponse];
  const began = performance.now();
  await app.terminate();
  assert.ok(performance.now() - began < 3_000, 'the host gives 5 s in all');
  assert.equal(ended, false);
  response.writeHead(400).end();
  await call;
});
