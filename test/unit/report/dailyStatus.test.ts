import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDay } from '../../../shared/report/collect.ts';
import { reportDailyStatus } from '../../../shared/report/dailyStatus.ts';
import { statusPage } from '../../../shared/report/page.ts';
import type { DayStatus } from '../../../shared/report/types.ts';
import { reportWorld, type ReportWorld } from '../../support/report.ts';

const ID = 'e'.repeat(32);
const statusOf = async (world: ReportWorld, day: string): Promise<DayStatus> =>
  JSON.parse(await world.readStatus(`${day.replaceAll('-', '/')}.json`)) as DayStatus;

test('figures of a day are the sums over its exports; those on their way count by their chunks', async () => {
  const world = reportWorld();
  await world.addExport({
    exportId: ID,
    state: 'pushing',
    records: 10,
    chunks: 2,
    arrivedAt: '2026-11-22T05:00:00.000Z',
  });
  await world.addChunk({
    exportId: ID,
    chunk: 1,
    records: 5,
    accepted: 4,
    quarantined: 1,
    state: 'delivered',
    requests: 2,
    retries: 1,
  });
  await world.addChunk({
    exportId: ID,
    chunk: 2,
    records: 5,
    state: 'waiting',
    dueAt: '2026-11-22T07:10:00.000Z',
  });
  await world.addExport({
    exportId: 'f'.repeat(32),
    state: 'completed',
    records: 7,
    accepted: 7,
    chunks: 1,
    arrivedAt: '2026-11-22T06:00:00.000Z',
  });
  const status = await collectDay('2026-11-22', world.tables, world.settings, world.clock.now());
  const [connector] = status.connectors;
  assert.deepEqual(
    {
      records: connector?.records,
      accepted: connector?.accepted,
      quarantined: connector?.quarantined,
      toDo: connector?.toDo,
      firstTryShare: connector?.firstTryShare,
    },
    { records: 17, accepted: 11, quarantined: 1, toDo: 5, firstTryShare: 0.5 },
  );
  assert.equal(connector?.exports[0]?.strip, 'dw');
  assert.equal(status.final, false);
});

test('how well the service answers is not said while it accepts nothing', async () => {
  const world = reportWorld();
  const arrivedAt = '2026-11-22T05:00:00.000Z';
  await world.addExport({ exportId: ID, state: 'pushing', records: 5, chunks: 1, arrivedAt });
  await world.addChunk({ exportId: ID, records: 5, state: 'waiting', requests: 3 });
  const status = await collectDay('2026-11-22', world.tables, world.settings, world.clock.now());
  assert.equal(status.connectors[0]?.firstTryShare, undefined);
  assert.match(statusPage({ days: [status], history: {} }), /First-try share<\/dt>\s*<dd>–/u);
});

test('how a connector is now stands beside the day that is now, not beside one that is over', async () => {
  const world = reportWorld();
  await world.addConnector('healthcare', { circuit: 'open', kind: 'blocked' });
  const page = async (day: string): Promise<string> =>
    statusPage({
      days: [await collectDay(day, world.tables, world.settings, world.clock.now())],
      history: {},
    });
  assert.match(await page('2026-11-22'), /<h3>healthcare \(blocked\)<\/h3>/u);
  assert.match(await page('2026-11-21'), /<h3>healthcare<\/h3>/u);
});

test('rejected and duplicate exports stand outside the count but are shown', async () => {
  const world = reportWorld();
  const reasons = [{ code: 'MISSING_COLUMN', cause: 'No column for Patient City.', cure: 'Add it.' }];
  await world.addExport({
    exportId: ID,
    state: 'rejected',
    records: 9,
    reasons,
    arrivedAt: '2026-11-21T05:00:00.000Z',
  });
  await world.addExport({
    exportId: 'f'.repeat(32),
    state: 'duplicate',
    records: 9,
    accepted: 9,
    arrivedAt: '2026-11-21T06:00:00.000Z',
  });
  const { connectors, attention } = await collectDay(
    '2026-11-21',
    world.tables,
    world.settings,
    world.clock.now(),
  );
  assert.deepEqual(
    [connectors[0]?.records, connectors[0]?.accepted, connectors[0]?.exports.length],
    [0, 0, 2],
  );
  assert.equal(attention[0]?.reason.code, 'MISSING_COLUMN');
  assert.equal(attention[0]?.level, 'alert');
});

test('a day without an export is missing once it is over, or once the usual hour has passed, and alerts once', async () => {
  const world = reportWorld({ expectedBy: '05:30' });
  world.setTime('2026-11-20T12:00:00Z');
  await reportDailyStatus(world);
  world.events.length = 0;
  world.setTime('2026-11-21T05:05:00Z');
  await reportDailyStatus(world);
  assert.ok(!world.events.includes('export.missing'), 'the usual hour has not come');
  world.setTime('2026-11-21T06:05:00Z');
  await reportDailyStatus(world);
  await reportDailyStatus(world);
  assert.equal(world.events.filter((event) => event === 'export.missing').length, 1);
  assert.equal((await statusOf(world, '2026-11-21')).connectors[0]?.missing, true);
});

test('days missed while nothing ran are written afterwards, each once, and unfinished ones again', async () => {
  const world = reportWorld();
  world.setTime('2026-11-15T07:00:00Z');
  await reportDailyStatus(world);
  await world.addExport({
    exportId: ID,
    state: 'pushing',
    records: 3,
    chunks: 0,
    arrivedAt: '2026-11-17T05:00:00.000Z',
  });
  world.setTime('2026-11-20T07:00:00Z');
  await reportDailyStatus(world);
  for (const day of ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20']) {
    assert.equal((await statusOf(world, day)).day, day);
  }
  assert.equal((await statusOf(world, '2026-11-17')).final, false);
  const stored = await world.tables.exports.get((await exportKey(world)).partitionKey, ID);
  assert.ok(stored);
  await world.tables.exports.replace(
    { ...stored.row, state: 'completed', accepted: 3, active: false },
    stored.etag,
  );
  await reportDailyStatus(world);
  const status = await statusOf(world, '2026-11-17');
  assert.deepEqual([status.final, status.connectors[0]?.accepted], [true, 3]);
});

test('all days missed in months of silence are written, a part in each run, yesterday in the first', async () => {
  const world = reportWorld();
  world.setTime('2026-06-01T07:00:00Z');
  await reportDailyStatus(world);
  await world.addExport({
    exportId: ID,
    state: 'completed',
    records: 3,
    accepted: 3,
    arrivedAt: '2026-07-01T05:00:00.000Z',
  });
  world.setTime('2026-11-22T07:00:00Z');
  const written = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { name } of world.blobs.list('status', '2026/'))
      if (name.endsWith('.json')) found.push(name);
    return found;
  };
  await reportDailyStatus(world);
  assert.ok((await written()).includes('2026/11/21.json'), 'yesterday is not kept waiting');
  assert.ok((await written()).length < 40, 'one run has its measure');
  for (let run = 0; run < 6; run++) await reportDailyStatus(world);
  const first = Date.parse('2026-05-31');
  const days = Array.from({ length: 176 }, (_, i) =>
    new Date(first + i * 86_400_000).toISOString().slice(0, 10),
  );
  assert.equal(days.at(-1), '2026-11-22');
  const names = new Set(await written());
  assert.deepEqual(
    days.filter((day) => !names.has(`${day.replaceAll('-', '/')}.json`)),
    [],
  );
  assert.equal((await statusOf(world, '2026-07-01')).connectors[0]?.accepted, 3);
});

test('days beyond the retention, of which the ledger has nothing, are not written', async () => {
  const world = { ...reportWorld(), retentionDays: 10 };
  world.setTime('2026-06-01T07:00:00Z');
  await reportDailyStatus(world);
  world.setTime('2026-11-22T07:00:00Z');
  await reportDailyStatus(world);
  assert.equal((await statusOf(world, '2026-11-11')).day, '2026-11-11');
  assert.equal(await world.readStatus('2026/11/10.json'), '');
});

test('unfinished days are written by turns when there are more than a run has time for', async () => {
  const world = reportWorld();
  world.setTime('2026-09-01T07:00:00Z');
  await reportDailyStatus(world);
  for (let day = 1; day <= 60; day++) {
    const at = new Date(Date.parse('2026-09-01T05:00:00Z') + day * 86_400_000).toISOString();
    await world.addExport({
      exportId: String(day).padStart(32, '0'),
      state: 'pushing',
      records: 3,
      arrivedAt: at,
    });
  }
  world.setTime('2026-11-22T07:00:00Z');
  for (let run = 0; run < 4; run++) await reportDailyStatus(world);
  const last = '60'.padStart(32, '0');
  const { partitionKey } = await exportKey(world);
  const stored = await world.tables.exports.get(partitionKey, last);
  await world.tables.exports.replace(
    { ...stored!.row, state: 'completed', accepted: 3, active: false },
    stored!.etag,
  );
  for (let run = 0; run < 3; run++) await reportDailyStatus(world);
  assert.equal((await statusOf(world, '2026-10-31')).final, true);
  assert.equal((await statusOf(world, '2026-10-30')).final, false);
});

test('no key of the marks has the name of a connector in it', async () => {
  const world = reportWorld({ expectedBy: '05:30' });
  world.setTime('2026-11-21T07:00:00Z');
  await reportDailyStatus(world);
  world.setTime('2026-11-22T07:00:00Z');
  await reportDailyStatus(world);
  assert.ok(world.events.includes('export.missing'));
  const keys: string[] = [];
  for await (const { row } of world.tables.marks.list({})) keys.push(`${row.partitionKey} ${row.rowKey}`);
  assert.deepEqual(
    keys.filter((key) => key.includes('healthcare')),
    [],
  );
});

test('a report written twice is one report; a change gives a further revision that stays', async () => {
  const world = reportWorld();
  await reportDailyStatus(world);
  world.setTime('2026-11-22T07:30:00Z');
  await reportDailyStatus(world);
  const names = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { name } of world.blobs.list('status-archive', '2026/11/22')) found.push(name);
    return found.filter((name) => name.endsWith('.json'));
  };
  assert.deepEqual(await names(), ['2026/11/22.r1.json']);
  await world.addExport({
    exportId: ID,
    state: 'completed',
    records: 1,
    accepted: 1,
    arrivedAt: '2026-11-22T07:10:00.000Z',
  });
  await reportDailyStatus(world);
  assert.deepEqual(await names(), ['2026/11/22.r1.json', '2026/11/22.r2.json']);
});

test('a day of the time zone takes in its exports across both changes of the clock, each once', async () => {
  const timeZone = 'America/Chicago';
  const world = reportWorld({ timeZone });
  const instants = [
    '2026-11-01T04:59:00.000Z',
    '2026-11-01T05:00:00.000Z',
    '2026-11-02T05:59:00.000Z',
    '2026-11-02T06:00:00.000Z',
  ];
  for (const [index, arrivedAt] of instants.entries()) {
    await world.addExport({
      exportId: String(index).repeat(32),
      state: 'completed',
      records: 1,
      accepted: 1,
      arrivedAt,
    });
  }
  const counts = [];
  for (const day of ['2026-10-31', '2026-11-01', '2026-11-02']) {
    counts.push(
      (await collectDay(day, world.tables, world.settings, world.clock.now())).connectors[0]?.exports.length,
    );
  }
  assert.deepEqual(counts, [1, 2, 1]);
});

test('the status log neutralises formulas, and hides names when told to', async () => {
  const world = reportWorld();
  await world.addExport({
    exportId: ID,
    state: 'completed',
    blobName: '=cmd|x.csv',
    records: 1,
    accepted: 1,
    arrivedAt: '2026-11-22T05:00:00.000Z',
  });
  await reportDailyStatus(world);
  assert.match(await world.readStatus('2026/11/22.csv'), /,'=cmd\|x\.csv,/);
  const hidden = reportWorld({ hashBlobNames: true });
  await hidden.addExport({
    exportId: ID,
    state: 'completed',
    blobName: 'healthcare/Jane Doe.csv',
    records: 1,
    accepted: 1,
    arrivedAt: '2026-11-22T05:00:00.000Z',
  });
  await reportDailyStatus(hidden);
  for (const kind of ['csv', 'json', 'html'])
    assert.doesNotMatch(await hidden.readStatus(`latest.${kind}`), /Jane/);
});

async function exportKey(world: ReportWorld): Promise<{ partitionKey: string }> {
  for await (const { row } of world.tables.exports.list({})) return row;
  throw new Error('no export');
}
