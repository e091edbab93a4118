import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { BlobServiceClient } from '@azure/storage-blob';
import { parse } from 'csv-parse/sync';
import { startTestStorage } from '../support/storage.ts';
import { systemClock, type Clock } from '../../shared/clock.ts';
import { fhirSettings } from '../../shared/config/fhirSettings.ts';
import { readSettings } from '../../shared/config/setting.ts';
import { sourceKey } from '../../shared/fhir/auditBlobs.ts';
import { openCollector } from '../../shared/fhir/openCollector.ts';
import { patientFields, type Patient } from '../../shared/fhir/patientFields.ts';
import { CONTAINERS, TABLES } from '../../shared/ledger/model.ts';
import type { Log } from '../../shared/log.ts';
import { openStorage, type Storage } from '../../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../../shared/storage/connection.ts';
import { makePatients } from '../../local/fhir/people.ts';
import { seedFhir, type SeededFhir } from '../../local/fhir/run.ts';

const RECORDS = 2_000;
const SEED = 8;
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
type Row = Record<string, string>;

let emulator: Awaited<ReturnType<typeof startTestStorage>>;
let storage: Storage;
let fhir: SeededFhir;

before(async () => {
  emulator = await startTestStorage();
  const { connectionString } = emulator;
  storage = await openStorage(readStorageConnection({ S: connectionString }, 'S'), {
    clock: systemClock,
    random: Math.random,
  });
  await storage.create({ tables: [TABLES.marks], containers: Object.values(CONTAINERS), queues: [] });
  fhir = await seedFhir({ connectionString, records: RECORDS, users: 50, seed: SEED });
});
after(async () => {
  await fhir?.stop();
  await storage?.close();
  await emulator?.stop();
});

const collectAt = (aheadMs: number, settings: Record<string, string> = {}) => {
  const faults: string[] = [];
  const values = readSettings(fhirSettings, { ...fhir.settings, ...settings }, faults);
  assert.deepEqual(faults, []);
  const clock: Clock = { ...systemClock, now: () => Date.now() + aheadMs };
  return openCollector(values, {
    blobs: storage.blobs,
    marks: storage.table(TABLES.marks),
    clock,
    random: Math.random,
    log: silent,
    token: () => Promise.reject(new Error('FHIR_TOKEN is set')),
  })!({ budgetMs: 600_000, claimMs: 120_000 });
};

async function names(container: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of storage.blobs.list(container)) found.push(name);
  return found;
}

async function records(): Promise<Row[]> {
  const service = BlobServiceClient.fromConnectionString(emulator.connectionString).getContainerClient(
    'exports',
  );
  const rows: Row[] = [];
  for (const name of await names('exports'))
    rows.push(...(parse(await service.getBlobClient(name).downloadToBuffer(), { columns: true }) as Row[]));
  return rows;
}

test('every access of 50 users arrives once with patient, user and place; nothing of the collector’s own reads does', async () => {
  const first = await collectAt(0);
  assert.deepEqual(await names('exports'), fhir.exportNames);
  assert.deepEqual(await names('quarantine'), []);

  const people = new Map(
    makePatients(250, SEED).map((patient) => [patient.id, patientFields(patient as Patient)]),
  );
  const expected = fhir.accesses.map(({ interaction, resourceType, patientId, user, reason, endedAt }) => ({
    'Creation Time': `${new Date(endedAt).toISOString().slice(0, 19)}Z`,
    'Event Name': `${interaction} ${resourceType}`,
    'Workstation Id': user.workstation,
    ...people.get(patientId),
    'Patient Department': user.location,
    'Restricted Access Reason': reason,
    'Email Address (UPN)': user.upn,
    SamAccountName: user.account,
    'Employee User Name': user.name,
  }));
  const shown = (rows: readonly Row[]): string[] =>
    rows
      .map((row) =>
        Object.keys(expected[0]!)
          .map((field) => row[field])
          .join('|'),
      )
      .sort((a, b) => (a < b ? -1 : 1));
  const rows = await records();
  assert.equal(rows.length, RECORDS);
  assert.deepEqual(shown(rows), shown(expected));
  assert.equal(
    first.slices.reduce((sum, { counts }) => sum + counts.records, 0),
    RECORDS,
  );

  // The collector's own reads are in the log by now: it reads them, and leaves them out.
  await fhir.flush();
  const second = await collectAt(3 * 3_600_000);
  const own = second.slices.reduce((sum, { counts }) => sum + counts.ownReads, 0);
  assert.ok(own >= 6, `${own} entries of own reads`);
  assert.equal((await records()).length, RECORDS);
  assert.deepEqual(await names('quarantine'), []);
});

test('no value of a header stands in the audit log in clear', async () => {
  const container = BlobServiceClient.fromConnectionString(emulator.connectionString).getContainerClient(
    'insights-logs-auditlogs',
  );
  for await (const { name } of container.listBlobsFlat()) {
    const log = (await container.getBlobClient(name).downloadToBuffer()).toString('utf8');
    for (const user of new Set(fhir.accesses.map(({ user }) => user)))
      for (const value of Object.values(user)) assert.ok(!log.includes(value), 'a value stands in clear');
  }
});

test('a run that was interrupted goes on with its log; the next one is new', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'fhir-'));
  const options = {
    connectionString: emulator.connectionString,
    records: 20,
    users: 2,
    seed: SEED,
    stateFile: path.join(folder, 'fhir.json'),
  };
  try {
    const first = await seedFhir(options);
    await first.stop();
    const again = await seedFhir({ ...options, now: Date.now() + 7 * 3_600_000 });
    assert.deepEqual(again.exportNames, first.exportNames);
    assert.equal(again.settings['FHIR_HEADER_KEYS'], first.settings['FHIR_HEADER_KEYS']);
    await again.forget();
    await again.stop();
    const next = await seedFhir(options);
    await next.stop();
    assert.notDeepEqual(next.exportNames, first.exportNames);
    const keys = new Set(first.exportNames.map((name) => name.split('-').at(-2)));
    const logs = (await names('insights-logs-auditlogs')).filter((name) => keys.has(keyOfLog(name)));
    assert.equal(logs.length, first.exportNames.length, 'the accesses were made once');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const keyOfLog = (name: string): string =>
  sourceKey(name.slice('resourceId='.length, name.indexOf('/y=')).toLowerCase());
