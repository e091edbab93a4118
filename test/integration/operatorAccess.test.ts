import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openLocal } from '../../local/cli/stack.ts';
import { startEmulator, type Emulator } from '../../local/storage/azurite.ts';
import { loadApp, type LoadedApp } from '../support/loadedApp.ts';

const OBJECT_ID = '0d3dd2c6-5a4f-4b5e-9d1c-2f0c8a1b7e66';
const JSON_TYPE = { 'content-type': 'application/json' };
const SIGNED_IN = { ...JSON_TYPE, 'x-ms-client-principal-id': OBJECT_ID };
const PAUSE = JSON.stringify({ action: 'pause', connector: 'healthcare' });

let folder = '';
let storage: Emulator;
let app: LoadedApp;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'operator-'));
  storage = await startEmulator({ folder });
  // Makes the tables.
  await (await openLocal(storage.connectionString)).close();
  app = await loadApp({ ExportStorage: storage.connectionString, WEBSITE_AUTH_ENABLED: 'True' });
});
after(async () => {
  await app.terminate();
  await storage.stop();
  await rm(folder, { recursive: true, force: true });
});

const levelOf = (name: string): unknown => {
  const found = app.functions.find(({ metadata }) => metadata.name === name);
  return Object.values(found?.metadata.bindings ?? {}).find(({ type }) => type === 'httpTrigger')?.[
    'authLevel'
  ];
};

test('behind the sign-in readers need no key, operators do', () => {
  assert.equal(levelOf('status'), 'anonymous');
  assert.equal(levelOf('replay'), 'function');
});

test('whoever the sign-in let pass without a name is refused, reader and operator', async () => {
  for (const headers of [JSON_TYPE, { ...JSON_TYPE, 'x-ms-client-principal-id': 'Jane Doe' }]) {
    assert.equal((await app.post('replay', headers, PAUSE)).status, 401);
    assert.equal((await app.post('status', headers, '')).status, 401);
  }
  assert.deepEqual(app.lines, []);
});

test('what an operator asks for is logged with the object id, then done', async () => {
  const answer = await app.post('replay', SIGNED_IN, PAUSE);
  assert.equal(answer.status, 200);
  assert.match(answer.body, /Connector healthcare is paused/u);
  const events = app.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(events, [
    { event: 'operator.asked', connector: 'healthcare', state: 'pause', actor: OBJECT_ID },
    { event: 'connector.paused', connector: 'healthcare' },
  ]);
});

test('forms are refused, and so are parts that the action does not take', async () => {
  assert.equal((await app.post('replay', { ...SIGNED_IN, 'content-type': 'text/plain' }, PAUSE)).status, 415);
  const surplus = JSON.stringify({ action: 'pause', connector: 'healthcare', export: 'ab'.repeat(16) });
  const answer = await app.post('replay', SIGNED_IN, surplus);
  assert.equal(answer.status, 400);
  assert.match(answer.body, /\\"pause\\" takes \\"connector\\" and nothing else/u);
});
