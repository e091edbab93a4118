import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { noteArrival } from '../../shared/ledger/arrivals.ts';
import { toExportTableRow } from '../../shared/ledger/exportRows.ts';
import { CONTAINERS, TABLES } from '../../shared/ledger/model.ts';
import { reportDailyStatus, type DailyServices } from '../../shared/report/dailyStatus.ts';
import type { DayStatus } from '../../shared/report/types.ts';
import { openStorage, type Storage } from '../../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../../shared/storage/connection.ts';
import { anExportRow } from '../support/ledgerRows.ts';
import { startTestStorage } from '../support/storage.ts';

const EXPORTS = 1_000;
const MOST_MS = 5_000;

let emulator: Awaited<ReturnType<typeof startTestStorage>>;
let storage: Storage;

before(async () => {
  emulator = await startTestStorage();
  const connection = readStorageConnection({ Store: emulator.connectionString }, 'Store');
  storage = await openStorage(connection, { clock: systemClock, random: () => 0.5 });
  await storage.create({
    tables: Object.values(TABLES),
    containers: Object.values(CONTAINERS),
    queues: [],
  });
});
after(async () => {
  await storage.close();
  await emulator.stop();
});

function services(): DailyServices {
  const { exports, chunks, connectors, contents, marks } = TABLES;
  const quiet = (): void => undefined;
  return {
    tables: {
      exports: storage.table(exports),
      chunks: storage.table(chunks),
      connectors: storage.table(connectors),
      contents: storage.table(contents),
      marks: storage.table(marks),
    },
    blobs: storage.blobs,
    clock: { ...systemClock, now: () => Date.parse('2026-11-22T07:00:00Z') },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    settings: { connectors: ['healthcare'], timeZone: 'UTC', hashBlobNames: false },
    reportHour: 6,
    retentionDays: 400,
  };
}

async function readText(name: string): Promise<string> {
  const address = { container: CONTAINERS.status, name };
  const { bytes = 0 } = (await storage.blobs.facts(address)) ?? {};
  const pieces: Buffer[] = [];
  for await (const piece of storage.blobs.read(address, { start: 0, end: bytes }))
    pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}

test(`the report of a day with ${EXPORTS.toLocaleString('en-US')} exports is there within ${String(MOST_MS / 1000)} s`, async () => {
  const { tables, ...rest } = services();
  const rows = Array.from({ length: EXPORTS }, (_, index) =>
    anExportRow({
      exportId: index.toString(16).padStart(32, '0'),
      blobName: `healthcare/${String(index)}.csv`,
      state: 'completed',
      records: index,
      accepted: index,
      chunks: 1,
      arrivedAt: `2026-11-21T${String(index % 24).padStart(2, '0')}:00:00.000Z`,
      finishedAt: '2026-11-21T23:59:00.000Z',
    }),
  );
  await tables.exports.insertMissing(rows.map(toExportTableRow));
  for (let at = 0; at < rows.length; at += 50)
    await Promise.all(rows.slice(at, at + 50).map((row) => noteArrival(tables.marks, row)));

  const began = performance.now();
  await reportDailyStatus({ ...rest, tables });
  const took = performance.now() - began;

  const status = JSON.parse(await readText('2026/11/21.json')) as DayStatus;
  assert.deepEqual(
    [status.connectors[0]?.exports.length, status.connectors[0]?.accepted],
    [EXPORTS, (EXPORTS * (EXPORTS - 1)) / 2],
  );
  assert.equal((await readText('2026/11/21.csv')).split('\r\n').length, EXPORTS + 2);
  assert.ok(took < MOST_MS, `${took.toFixed(0)} ms`);
});

test('two runs at once leave one whole report and one revision each way', async () => {
  await Promise.all([reportDailyStatus(services()), reportDailyStatus(services())]);
  const names: string[] = [];
  for await (const { name } of storage.blobs.list(CONTAINERS.status)) names.push(name);
  for (const name of names.filter((each) => each.endsWith('.json')))
    assert.equal((JSON.parse(await readText(name)) as DayStatus).version, 1, name);
  assert.ok(names.includes('latest.html'));
});
