import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDay } from '../../../shared/report/collect.ts';
import type { Attention } from '../../../shared/report/types.ts';
import { reportWorld, type ReportWorld } from '../../support/report.ts';

const ID = 'e'.repeat(32);
const REASON = { code: 'COUNT_GAP', cause: 'Fewer were saved.', cure: 'Replay it.' };
const told = (items: readonly Attention[]): string[] =>
  items.map(
    ({ level, reason, command }) => `${level} ${reason.code}${command === undefined ? '' : `: ${command}`}`,
  );

async function attentionOf(world: ReportWorld): Promise<string[]> {
  return told((await collectDay('2026-11-22', world.tables, world.settings, world.clock.now())).attention);
}

test('what failed or is held comes with the command that sends it once more', async () => {
  const world = reportWorld();
  const arrivedAt = '2026-11-22T05:00:00.000Z';
  await world.addExport({
    exportId: ID,
    state: 'failed',
    records: 5,
    accepted: 3,
    failed: 2,
    chunks: 1,
    reasons: [REASON],
    arrivedAt,
  });
  await world.addExport({ exportId: 'f'.repeat(32), state: 'pushing', records: 5, chunks: 1, arrivedAt });
  await world.addChunk({ exportId: 'f'.repeat(32), state: 'held', records: 5 });
  assert.deepEqual(await attentionOf(world), [
    `alert COUNT_GAP: npm run replay -- --connector healthcare --export ${ID}`,
    `alert UNKNOWN_OUTCOME_HELD: npm run replay -- --connector healthcare --export ${'f'.repeat(32)}`,
  ]);
});

test('a blocked or paused connector stands before what merely waits, however old', async () => {
  const world = reportWorld({ connectors: ['healthcare', 'clinic'] });
  await world.addConnector('healthcare', { paused: true });
  await world.addConnector('clinic', {
    circuit: 'open',
    kind: 'blocked',
    reason: { ...REASON, code: 'HTTP_403' },
  });
  assert.deepEqual(await attentionOf(world), [
    'alert HTTP_403: npm run replay -- --connector clinic --resume',
    'warning CONNECTOR_PAUSED: npm run replay -- --connector healthcare --resume',
  ]);
});

test('a day on which all went well asks for nothing', async () => {
  const world = reportWorld();
  await world.addExport({
    exportId: ID,
    state: 'completed',
    records: 5,
    accepted: 5,
    arrivedAt: '2026-11-22T05:00:00.000Z',
  });
  assert.deepEqual(await attentionOf(world), []);
});

test('a lost source comes with the replay: the file may still lie there', async () => {
  const world = reportWorld();
  const reasons = [{ ...REASON, code: 'SOURCE_LOST' }];
  const lost = { state: 'sourceLost', records: 5, accepted: 3, failed: 2, chunks: 1, reasons } as const;
  await world.addExport({ exportId: ID, ...lost, arrivedAt: '2026-11-22T05:00:00.000Z' });
  assert.deepEqual(await attentionOf(world), [
    `alert SOURCE_LOST: npm run replay -- --connector healthcare --export ${ID}`,
  ]);
});

test('refused records come with their folder and the one to upload to; what was cancelled with the replay', async () => {
  const world = reportWorld();
  // By the day of UTC, as quarantine is kept, whatever the report's zone.
  const arrivedAt = '2026-11-22T05:00:00.000Z';
  const ended = { records: 5, accepted: 3, chunks: 1, arrivedAt };
  await world.addExport({ ...ended, exportId: ID, state: 'completedWithRefusals', quarantined: 2 });
  await world.addExport({
    ...ended,
    exportId: 'f'.repeat(32),
    state: 'cancelled',
    failed: 2,
    reasons: [{ code: 'CANCELLED', cause: 'An operator cancelled the export.', cure: 'Replay it.' }],
  });
  const { attention } = await collectDay('2026-11-22', world.tables, world.settings, world.clock.now());
  assert.deepEqual(told(attention), [
    'warning RECORDS_QUARANTINED',
    `warning CANCELLED: npm run replay -- --connector healthcare --export ${'f'.repeat(32)}`,
  ]);
  assert.equal(
    attention[0]?.reason.cure,
    `Fetch quarantine/healthcare/2026-11-22/${ID}/, correct the records, upload the file to exports/healthcare/.`,
  );
});

test('an export without a single record is no alert, but told', async () => {
  const world = reportWorld();
  const reasons = [{ code: 'NO_RECORDS', cause: 'A header and no records.', cure: 'Look for the cause.' }];
  await world.addExport({ exportId: ID, state: 'completed', reasons, arrivedAt: '2026-11-22T05:00:00.000Z' });
  assert.deepEqual(await attentionOf(world), ['warning NO_RECORDS']);
});

test('a cancel that came when all was in is nothing to look at', async () => {
  const world = reportWorld();
  const reasons = [{ code: 'CANCELLED', cause: 'An operator cancelled the export.', cure: 'Replay it.' }];
  const whole = { state: 'completed', records: 5, accepted: 5, reasons } as const;
  await world.addExport({ exportId: ID, ...whole, arrivedAt: '2026-11-22T05:00:00.000Z' });
  assert.deepEqual(await attentionOf(world), []);
});
