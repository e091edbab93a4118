import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDay } from '../../../shared/report/collect.ts';
import { reportDailyStatus } from '../../../shared/report/dailyStatus.ts';
import { statusPage } from '../../../shared/report/page.ts';
import type { DayStatus } from '../../../shared/report/types.ts';
import { reportWorld, type ReportWorld } from '../../support/report.ts';

const FIRST = 'a'.repeat(32);
const AGAIN = 'b'.repeat(32);
const NAME = 'healthcare/audit.csv';

/** An EHR job that got stuck: what it delivered on the 20th it delivers again on the 21st. */
async function stuckJob(settings: Parameters<typeof reportWorld>[0] = {}): Promise<ReportWorld> {
  const world = reportWorld({ expectedBy: '06:00', ...settings });
  world.setTime('2026-11-20T12:00:00Z');
  await reportDailyStatus(world);
  await world.addExport({
    exportId: FIRST,
    blobName: NAME,
    state: 'completed',
    records: 9,
    accepted: 9,
    arrivedAt: '2026-11-20T05:00:00.000Z',
  });
  await world.addExport({
    exportId: AGAIN,
    blobName: NAME,
    state: 'duplicate',
    duplicateOf: FIRST,
    arrivedAt: '2026-11-21T05:00:00.000Z',
  });
  return world;
}

async function dayAt(world: ReportWorld, instant: string): Promise<DayStatus> {
  world.setTime(instant);
  return collectDay('2026-11-21', world.tables, world.settings, world.clock.now());
}

const told = ({ attention }: DayStatus): string[] =>
  attention.map(({ level, reason }) => `${level} ${reason.code}: ${reason.cause}`);

test('a duplicate is told with the export that has its content', async () => {
  const status = await dayAt(await stuckJob(), '2026-11-21T05:30:00Z');
  const cause = `The same content was already sent as export ${NAME} (${FIRST}), so nothing was sent.`;
  assert.deepEqual(told(status), [`warning DUPLICATE: ${cause}`]);
  assert.deepEqual(status.connectors[0]?.exports[0]?.reasons[0]?.cause, cause);
  const page = statusPage({ days: [status], history: {} });
  assert.match(page, new RegExp(`Same content as ${NAME} \\(${FIRST}\\)`, 'u'));
  assert.match(page, new RegExp(`id ${AGAIN}`, 'u'));
});

test('a duplicate of an export that did not get through tells how to send the rest', async () => {
  const world = reportWorld();
  const of = { blobName: NAME, records: 9, arrivedAt: '2026-11-20T05:00:00.000Z' };
  await world.addExport({ ...of, exportId: FIRST, state: 'sourceLost', accepted: 5, failed: 4 });
  const again = { state: 'duplicate', duplicateOf: FIRST, arrivedAt: '2026-11-21T05:00:00.000Z' } as const;
  await world.addExport({ exportId: AGAIN, blobName: NAME, ...again });
  const { attention } = await dayAt(world, '2026-11-21T05:30:00Z');
  const { cause, cure } = attention.find(({ reason }) => reason.code === 'DUPLICATE')!.reason;
  assert.ok(cause.includes(`${NAME} (${FIRST}), which ended sourceLost`), cause);
  assert.match(cure, /Replay that export.*again=true/u);
});

test('a day with nothing but a duplicate is missing its export once the usual hour has passed, and alerts', async () => {
  const world = await stuckJob();
  const words = 'Only a duplicate arrived: the content was sent before, so nothing was sent.';
  const status = await dayAt(world, '2026-11-21T06:05:00Z');
  assert.equal(told(status)[0], `alert NO_EXPORT_ARRIVED: ${words}`);
  const page = statusPage({ days: [status], history: {} });
  assert.match(page, /Action needed\./u);
  assert.ok(page.includes(words));
  world.events.length = 0;
  await reportDailyStatus(world);
  assert.equal(world.events.filter((event) => event === 'export.missing').length, 1);
});

test('so is a day with rejected exports only; one export that can be sent is enough', async () => {
  const world = await stuckJob();
  const arrivedAt = '2026-11-21T05:10:00.000Z';
  const reasons = [{ code: 'EMPTY_FILE', cause: 'The blob is empty.', cure: 'Export again.' }];
  await world.addExport({ exportId: 'c'.repeat(32), state: 'rejected', reasons, arrivedAt });
  const before = await dayAt(world, '2026-11-21T06:05:00Z');
  assert.equal(
    before.attention.find(({ reason }) => reason.code === 'NO_EXPORT_ARRIVED')?.reason.cause,
    'Only duplicates and rejected exports arrived, so nothing was sent.',
  );
  await world.addExport({ exportId: 'd'.repeat(32), state: 'received', arrivedAt });
  const after = await dayAt(world, '2026-11-21T06:05:00Z');
  assert.equal(after.connectors[0]?.missing, false);
});

test('where names are hidden, or the original is forgotten, its id alone is shown', async () => {
  const hidden = await dayAt(await stuckJob({ hashBlobNames: true }), '2026-11-21T05:30:00Z');
  assert.doesNotMatch(JSON.stringify(hidden), /audit\.csv/u);
  const cause = `The same content was already sent as export ${FIRST}, so nothing was sent.`;
  assert.deepEqual(told(hidden), [`warning DUPLICATE: ${cause}`]);
  const world = reportWorld();
  await world.addExport({
    exportId: AGAIN,
    state: 'duplicate',
    duplicateOf: FIRST,
    arrivedAt: '2026-11-21T05:00:00.000Z',
  });
  assert.deepEqual(told(await dayAt(world, '2026-11-21T05:30:00Z')), [`warning DUPLICATE: ${cause}`]);
});

test('two days tell of a connector once, and of each export', async () => {
  const world = await stuckJob();
  await world.addConnector('healthcare', { paused: true });
  await world.addExport({
    exportId: 'e'.repeat(32),
    blobName: NAME,
    state: 'duplicate',
    duplicateOf: FIRST,
    arrivedAt: '2026-11-22T05:00:00.000Z',
  });
  world.setTime('2026-11-22T05:30:00Z');
  const days = await Promise.all(
    ['2026-11-22', '2026-11-21'].map((day) =>
      collectDay(day, world.tables, world.settings, world.clock.now()),
    ),
  );
  const page = statusPage({ days, history: {} });
  const times = (code: string): number => page.split(`<p>${code}:`).length - 1;
  assert.deepEqual([times('CONNECTOR_PAUSED'), times('DUPLICATE'), times('NO_EXPORT_ARRIVED')], [1, 2, 1]);
});
