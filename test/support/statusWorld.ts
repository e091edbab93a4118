import assert from 'node:assert/strict';
import { withFullNames } from '../../shared/config/settingNames.ts';
import { STATUSES } from '../../shared/connector/outcomeTable.ts';
import type { Reason } from '../../shared/errors.ts';
import { exportId, type ChunkState } from '../../shared/ledger/model.ts';
import { addDays } from '../../shared/report/days.ts';
import { reportDailyStatus } from '../../shared/report/dailyStatus.ts';
import { CHUNK_LETTERS } from '../../shared/report/types.ts';
import { EXAMPLE_COLUMNS } from '../../shared/schema/codes.ts';
import { resolveMapping } from '../../shared/schema/mapping.ts';
import { healthcare } from './judging.ts';
import { reportWorld, type ReportWorld } from './report.ts';

const TODAY = '2026-11-22';

/** What the app itself says of a status of the service. */
function answered(status: number, connector: string): Reason {
  const verdict = STATUSES[status];
  assert.ok(verdict);
  const { cause, cure } = verdict;
  return withFullNames({ code: `HTTP_${status}`, status, cause, cure }, connector);
}

/** What it says of a header that lacks a column. */
function withoutColumn(name: string): readonly Reason[] {
  const outcome = resolveMapping(
    healthcare,
    EXAMPLE_COLUMNS.split(',').filter((column) => column !== name),
    {},
  );
  assert.ok('reasons' in outcome);
  return outcome.reasons;
}

const id = (number: number): string => exportId('exports', 'healthcare/audit.csv', String(number));

/** A month in which everything happens that a status can show; the clock stands at 2026-11-22T07:00Z. */
export async function eventfulMonth(): Promise<ReportWorld> {
  const world = reportWorld({ connectors: ['healthcare', 'clinic'], expectedBy: '06:30' });
  for (let back = 29; back >= 1; back -= 1) {
    const day = addDays(TODAY, -back);
    world.setTime(`${day}T04:00:00Z`);
    await reportDailyStatus(world);
    if (back === 12) continue;
    const records = 900_000 + ((back * 7919) % 23) * 41_000;
    const quarantined = back % 9 === 4 ? Math.floor(records / 12) : 0;
    await world.addExport({
      exportId: id(back),
      blobName: `healthcare/audit-${day}.csv`,
      state: quarantined > 0 ? 'completedWithRefusals' : 'completed',
      bytes: records * 380,
      records,
      quarantined,
      accepted: records - quarantined,
      chunks: Math.ceil(records / 100_000),
      requests: Math.ceil(records / 5_000) + 2,
      retries: 2,
      refusals: quarantined > 0 ? { 'MISSING_VALUE Patient City': quarantined } : {},
      arrivedAt: `${day}T03:10:00.000Z`,
      finishedAt: `${day}T03:19:00.000Z`,
    });
    await world.addExport({
      exportId: id(100 + back),
      connector: 'clinic',
      blobName: `clinic/audit-${day}.csv`,
      state: 'completed',
      records: 40_000,
      accepted: 40_000,
      chunks: 1,
      requests: 8,
      arrivedAt: `${day}T02:10:00.000Z`,
      finishedAt: `${day}T02:10:20.000Z`,
    });
  }
  await addToday(world);
  world.setTime(`${TODAY}T07:00:00Z`);
  await reportDailyStatus(world);
  return world;
}

async function addToday(world: ReportWorld): Promise<void> {
  await world.addExport({
    exportId: id(201),
    blobName: `healthcare/audit-${TODAY}.csv`,
    state: 'pushing',
    bytes: 1_400_000_000,
    records: 3_600_000,
    chunks: 36,
    arrivedAt: `${TODAY}T03:10:00.000Z`,
  });
  const letters = 'ddddddddddddddddddddddppppwwnnnnnnnn';
  for (const [index, letter] of letters.split('').entries()) {
    const state = stateOf(letter);
    const accepted = state === 'delivered' ? 100_000 : state === 'pushing' ? 35_000 : 0;
    await world.addChunk({
      exportId: id(201),
      chunk: index + 1,
      records: 100_000,
      accepted,
      state,
      requests: 20,
      retries: state === 'waiting' ? 6 : 0,
      ...(state === 'waiting'
        ? {
            dueAt: `${TODAY}T07:12:00.000Z`,
            reason: answered(503, 'healthcare'),
          }
        : {}),
    });
  }
  await world.addExport({
    exportId: id(202),
    blobName: `healthcare/corrected-${TODAY}.csv`,
    state: 'rejected',
    reasons: withoutColumn('Patient City'),
    arrivedAt: `${TODAY}T05:00:00.000Z`,
    finishedAt: `${TODAY}T05:00:01.000Z`,
  });
  await world.addConnector('clinic', { circuit: 'open', kind: 'blocked', reason: answered(403, 'clinic') });
}

const stateOf = (letter: string): ChunkState =>
  (Object.entries(CHUNK_LETTERS).find(([, each]) => each === letter)?.[0] ?? 'pending') as ChunkState;
