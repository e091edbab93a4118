import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { ensureBuilt, HOST_PROGRAM, ROOT } from '../../local/build/build.ts';
import { appSettingsFor } from '../../local/cli/appSettings.ts';
import { openLocal, simulatorFor } from '../../local/cli/stack.ts';
import { seedFhir } from '../../local/fhir/run.ts';
import { startFunctions } from '../../local/host/supervisor.ts';
import { startEmulator } from '../../local/storage/azurite.ts';
import { TABLES } from '../../shared/ledger/model.ts';

const DEADLINE_MS = 60_000;
const stops: (() => Promise<unknown>)[] = [];
let folder: string;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fhir-'));
  stops.push(() => rm(folder, { recursive: true, force: true }));
});
after(async () => {
  for (const stop of stops.toReversed()) await stop();
});

/** A FHIR service that takes every request and answers none. */
async function startSilence() {
  const asked = Promise.withResolvers<IncomingMessage>();
  const server = createServer((request) => asked.resolve(request));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: asked.promise };
}

test('a host that goes away stops the collector in the middle of a slice, and the next one goes on at once', async () => {
  const options = { out: folder, connector: 'healthcare', latency: 0, seed: 1 };
  const emulator = await startEmulator({ folder: path.join(folder, 'storage') });
  stops.push(() => emulator.stop());
  const { connectionString } = emulator;
  const storage = await openLocal(connectionString);
  stops.push(() => storage.close());
  const fhir = await seedFhir({ connectionString, records: 40, users: 2, seed: 3 });
  stops.push(() => fhir.stop());
  const simulator = await simulatorFor(options);
  stops.push(() => simulator.close());
  await ensureBuilt();
  const logFile = path.join(folder, 'functions.log');
  const start = async (fhirUrl: string) => {
    const settings = {
      ...appSettingsFor(options, connectionString, simulator),
      ...fhir.settings,
      FHIR_URL: fhirUrl,
    };
    const functions = await startFunctions({ appFolder: ROOT, entry: HOST_PROGRAM, settings, logFile });
    stops.push(() => functions.stop());
    return functions;
  };
  const watermarks = async () => {
    const found = [];
    for await (const { row } of storage.table(TABLES.marks).list({ partitionKey: 'fhir' })) found.push(row);
    return found;
  };

  const silence = await startSilence();
  const first = await start(silence.url);
  const request = await silence.asked;
  await first.stop();
  assert.ok(request.destroyed, 'its request was given up');
  const [mark, ...more] = await watermarks();
  assert.deepEqual(more, []);
  assert.equal(mark?.['claimUntil'], 0, 'the claim was given up');
  assert.match(String(mark['state']), /"begun"/);
  const log = await readFile(logFile, 'utf8');
  assert.match(log, /"fhir\.stopped"/);
  assert.doesNotMatch(log, /"fhir\.failed"/);

  await start(fhir.fhirUrl);
  const names = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { name } of storage.blobs.list('exports')) found.push(name);
    return found;
  };
  const deadline = Date.now() + DEADLINE_MS;
  while ((await names()).length < fhir.exportNames.length) {
    assert.ok(Date.now() < deadline, await readFile(logFile, 'utf8'));
    await delay(100);
  }
  assert.deepEqual(await names(), fhir.exportNames);
});
