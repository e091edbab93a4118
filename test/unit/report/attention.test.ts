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
    'alert HTTP_403',
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
