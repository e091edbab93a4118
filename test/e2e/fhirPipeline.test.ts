import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { ensureBuilt, HOST_PROGRAM, ROOT } from '../../local/build/build.ts';
import { appSettingsFor } from '../../local/cli/appSettings.ts';
import { openLocal, simulatorFor } from '../../local/cli/stack.ts';
import { seedFhir } from '../../local/fhir/run.ts';
import { startFunctions } from '../../local/host/supervisor.ts';
import { startEmulator } from '../../local/storage/azurite.ts';
import { connectorKey, exportId, TABLES } from '../../shared/ledger/model.ts';
import { readReceived } from '../support/received.ts';

const RECORDS = 10_000;
const USERS = 50;
const DEADLINE_MS = 120_000;
const stops: (() => Promise<unknown>)[] = [];
let folder: string;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fhir-'));
  stops.push(() => rm(folder, { recursive: true, force: true }));
});
after(async () => {
  for (const stop of stops.toReversed()) await stop();
});

test('10,000 accesses by 50 users through the FHIR service reach the connector, each once', async () => {
  const options = {
    out: folder,
    connector: 'healthcare',
    latency: 0,
    seed: 1,
    received: path.join(folder, 'received'),
  };
  const emulator = await startEmulator({ folder: path.join(folder, 'storage') });
  stops.push(() => emulator.stop());
  const { connectionString } = emulator;
  const storage = await openLocal(connectionString);
  stops.push(() => storage.close());
  const fhir = await seedFhir({ connectionString, records: RECORDS, users: USERS, seed: 3 });
  stops.push(() => fhir.stop());
  const simulator = await simulatorFor(options);
  stops.push(() => simulator.close());
  await ensureBuilt();
  const settings = { ...appSettingsFor(options, connectionString, simulator), ...fhir.settings };
  const logFile = path.join(folder, 'functions.log');
  const functions = await startFunctions({ appFolder: ROOT, entry: HOST_PROGRAM, settings, logFile });
  stops.push(() => functions.stop());

  const exports = storage.table(TABLES.exports);
  const stateOf = async (name: string): Promise<unknown> => {
    const facts = await storage.blobs.facts({ container: 'exports', name });
    if (facts === undefined) return 'not written';
    const id = exportId('exports', name, facts.etag);
    return (await exports.get(connectorKey('healthcare'), id))?.row['state'];
  };
  const deadline = Date.now() + DEADLINE_MS;
  let states: unknown[] = [];
  while (!(states.length > 0 && states.every((state) => state === 'completed'))) {
    assert.ok(Date.now() < deadline, `${states.join()}\n${await readFile(logFile, 'utf8')}`);
    await delay(200);
    states = await Promise.all(fhir.exportNames.map(stateOf));
  }

  const received = (await readReceived(options.received)).flatMap(({ header, records }) =>
    records.map(
      (record) => parse(header + record, { columns: true })[0] as unknown as Record<string, string>,
    ),
  );
  const shown = received.map((row) =>
    [row['Creation Time'], row['Patient Reg Id'], row['SamAccountName'], row['Patient Department']].join('|'),
  );
  const expected = fhir.accesses.map(({ endedAt, patientId, user }) =>
    [`${new Date(endedAt).toISOString().slice(0, 19)}Z`, patientId, user.account, user.location].join('|'),
  );
  assert.deepEqual(shown.sort(), expected.sort());
});
