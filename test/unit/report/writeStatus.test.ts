import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportDailyStatus } from '../../../shared/report/dailyStatus.ts';
import type { DayStatus } from '../../../shared/report/types.ts';
import { writeDay, writeLatest } from '../../../shared/report/writeStatus.ts';
import { reportWorld } from '../../support/report.ts';

test('a run that looked earlier but writes later leaves the newer report', async () => {
  const world = reportWorld();
  const names = await writeLatest(world);
  const slow = { ...world, clock: { ...world.clock, now: () => Date.parse('2026-11-22T06:59:00Z') } };
  await world.addExport({
    exportId: 'e'.repeat(32),
    state: 'completed',
    records: 3,
    accepted: 3,
    arrivedAt: '2026-11-22T06:30:00.000Z',
  });
  world.setTime('2026-11-22T07:01:00Z');
  await writeLatest(world);
  await writeLatest(slow);
  const status = JSON.parse(await world.readStatus(names[1] ?? '')) as DayStatus;
  assert.deepEqual([status.writtenAt, status.connectors[0]?.accepted], ['2026-11-22T07:01:00.000Z', 3]);
});

test('a revision that a crash left half written is passed over, never changed', async () => {
  const world = reportWorld();
  const half = { container: 'status-archive', name: '2026/11/22.r1.json' };
  await world.blobs.write(half, Buffer.from('{"half":'));
  await writeDay('2026-11-22', world);
  assert.equal(await world.readStatus(half.name, half.container), '{"half":');
  assert.equal(
    (JSON.parse(await world.readStatus('2026/11/22.r2.json', 'status-archive')) as DayStatus).day,
    '2026-11-22',
  );
});

test('each timer beats, also when nothing is new', async () => {
  const world = reportWorld();
  await reportDailyStatus(world);
  await reportDailyStatus(world);
  assert.equal(world.events.filter((event) => event === 'report.heartbeat').length, 2);
});
