import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectorKey, type ExportRow } from '../../../shared/ledger/model.ts';
import { collectPeriod } from '../../../shared/report/period.ts';
import { forgetOldMonths, type RetentionServices } from '../../../shared/report/retention.ts';
import { watchedSince } from '../../../shared/report/since.ts';
import type { TableStore } from '../../../shared/storage/tables.ts';
import { reportWorld, type ReportWorld } from '../../support/report.ts';

const id = (number: number): string => String(number).padStart(32, '0');

/** Two exports in October 2025 and one in November, watched since the middle of October. */
async function autumn(change: Partial<ExportRow> = {}): Promise<ReportWorld> {
  const world = reportWorld();
  await watchedSince(world.tables.marks, '2025-10-15');
  for (const [number, arrivedAt] of [
    [1, '2025-10-15T05:00:00.000Z'],
    [2, '2025-10-31T23:59:59.000Z'],
    [3, '2025-11-01T00:00:00.000Z'],
  ] as const) {
    await world.addExport({
      exportId: id(number),
      blobName: `healthcare/${String(number)}.csv`,
      state: 'completedWithRefusals',
      records: 10,
      accepted: 9,
      quarantined: 1,
      refusals: { BAD_TIME: 1 },
      chunks: 1,
      contentHash: `hash${String(number)}`,
      arrivedAt,
      ...(number === 2 ? change : {}),
    });
    await world.addChunk({ exportId: id(number), state: 'delivered', records: 10 });
    await world.tables.contents.insert({
      partitionKey: connectorKey('healthcare'),
      rowKey: `hash${String(number)}`,
      exportId: id(number),
    });
  }
  return world;
}

async function countRows(table: TableStore): Promise<number> {
  let count = 0;
  for await (const _row of table.list({})) count += 1;
  return count;
}

const period = (world: ReportWorld, from: string, to: string): ReturnType<typeof collectPeriod> =>
  collectPeriod(from, to, world.tables, world.settings, world.clock.now());

test('a month goes once its last day is older than the retention; its sums stay, and are reported', async () => {
  const world = await autumn();
  world.setTime('2026-12-05T07:00:00Z');
  assert.ok(!(await forgetOldMonths(world)).includes('2025-10'), '31 October is 400 days ago');
  world.setTime('2026-12-06T07:00:00Z');
  assert.equal((await forgetOldMonths(world)).at(-1), '2025-10');
  assert.deepEqual(await forgetOldMonths(world), []);
  const { exports, chunks, contents } = world.tables;
  assert.deepEqual(await Promise.all([exports, chunks, contents].map(countRows)), [1, 1, 1]);
  const { months, days } = await period(world, '2025-10-01', '2025-11-02');
  assert.deepEqual(months, [
    {
      month: '2025-10',
      connector: 'healthcare',
      exports: 2,
      missingDays: 15,
      records: 20,
      accepted: 18,
      quarantined: 2,
      failed: 0,
      possiblyDuplicated: 0,
      requests: 0,
      retries: 0,
      refusals: { BAD_TIME: 2 },
      warnings: {},
    },
  ]);
  assert.deepEqual(
    days.map(({ day, connectors }) => [day, connectors[0]?.exports.length]),
    [
      ['2025-11-01', 1],
      ['2025-11-02', 0],
    ],
  );
});

test('a month with an export that has not ended waits', async () => {
  const world = await autumn({ state: 'pushing', accepted: 0, quarantined: 0 });
  world.setTime('2027-03-01T07:00:00Z');
  assert.ok(!(await forgetOldMonths(world)).includes('2025-10'));
  assert.equal(await countRows(world.tables.exports), 3);
});

test('an export whose blob is still there keeps its row, or it would be sent again', async () => {
  const world = await autumn();
  const blob = await world.blobs.write({ container: 'exports', name: 'healthcare/1.csv' }, Buffer.from('x'));
  const stored = await world.tables.exports.get(connectorKey('healthcare'), id(1));
  assert.ok(stored);
  await world.tables.exports.replace({ ...stored.row, blobEtag: blob.etag }, stored.etag);
  world.setTime('2026-12-06T07:00:00Z');
  await forgetOldMonths(world);
  assert.ok(await world.tables.exports.get(connectorKey('healthcare'), id(1)));
  assert.equal(await world.tables.exports.get(connectorKey('healthcare'), id(2)), undefined);
});

test('cut off half-way, the sums are those of the whole month, and the rest goes in the next run', async () => {
  const world = await autumn();
  world.setTime('2026-12-06T07:00:00Z');
  let removals = 0;
  const failing: RetentionServices = {
    ...world,
    tables: {
      ...world.tables,
      exports: Object.assign(Object.create(world.tables.exports) as TableStore, {
        remove: async (...key: Parameters<TableStore['remove']>) => {
          removals += 1;
          if (removals > 1) throw new Error('the storage is gone');
          await world.tables.exports.remove(...key);
        },
        get: (...key: Parameters<TableStore['get']>) => world.tables.exports.get(...key),
      }),
    },
  };
  await assert.rejects(forgetOldMonths(failing), /storage is gone/);
  assert.equal(await countRows(world.tables.exports), 2);
  await forgetOldMonths(world);
  assert.equal(await countRows(world.tables.exports), 1);
  const { months } = await period(world, '2025-10-01', '2025-10-31');
  assert.equal(months.find(({ month }) => month === '2025-10')?.records, 20);
});
