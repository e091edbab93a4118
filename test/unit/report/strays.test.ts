import assert from 'node:assert/strict';
import { test } from 'node:test';
import { receiveExport } from '../../../shared/export/receive.ts';
import { collectDay } from '../../../shared/report/collect.ts';
import { forgetOldMonths } from '../../../shared/report/retention.ts';
import { watchedSince } from '../../../shared/report/since.ts';
import { createLog } from '../../../shared/telemetry/log.ts';
import { SplitRig } from '../../support/splitRig.ts';

const SETTINGS = { connectors: ['healthcare'], timeZone: 'UTC', hashBlobNames: true };

const isoDay = (rig: SplitRig): string => new Date(rig.clock.now()).toISOString().slice(0, 10);

for (const [name, code] of [
  ['Healthcare/day.csv', 'UNKNOWN_CONNECTOR'],
  ['Doe, John MRN 4711/day.csv', 'UNKNOWN_CONNECTOR'],
  ['day.csv', 'NO_CONNECTOR_FOLDER'],
] as const) {
  test(`a blob that is for no connector stands on the day's page, its folder in no log: ${name}`, async () => {
    const rig = new SplitRig();
    const lines: string[] = [];
    rig.put(name, 'a,b\n1,2\n');
    const log = createLog((_level, line) => void lines.push(line), true);
    await receiveExport({ container: 'exports', blobName: name }, { ...rig.services(), log });
    const status = await collectDay(isoDay(rig), rig.tables, SETTINGS, rig.clock.now());
    assert.deepEqual(status.strays.map(({ state, reasons }) => [state, reasons[0]?.code]), [['rejected', code]]); // prettier-ignore
    assert.deepEqual(
      status.attention.map(({ reason, exportId }) => [reason.code, exportId]),
      [[code, rig.export().exportId]],
    );
    assert.deepEqual(status.connectors[0]?.exports, []);
    const [folder = ''] = name.split('/');
    assert.equal(lines.length, 1);
    assert.ok(!lines.join('').includes(folder) && !JSON.stringify(status).includes(folder), lines[0]);
  });
}

test('a name that leads elsewhere is refused', async () => {
  for (const name of [
    'healthcare/../quarantine/day.csv',
    'healthcare/./day.csv',
    'healthcare/..',
    '../staging/day.csv',
    '..',
  ]) {
    const rig = new SplitRig();
    rig.put(name, 'a,b\n1,2\n');
    await rig.receive(name);
    const { state, reasons } = rig.export();
    assert.deepEqual([state, reasons[0]?.code], ['rejected', 'BAD_NAME'], name);
  }
  const rig = new SplitRig();
  for (const name of ['healthcare/.hidden/..day.csv', 'healthcare/a..b/day...csv']) {
    rig.put(name, `a,b\n${name},2\n`);
    await rig.receive(name);
  }
  assert.deepEqual(rig.exports().map(({ state }) => state), ['queued', 'queued']); // prettier-ignore
});

test('a stray is forgotten with its month, once its blob is gone', async () => {
  const rig = new SplitRig();
  await watchedSince(rig.tables.marks, isoDay(rig));
  const name = 'Healthcare/day.csv';
  rig.put(name, 'a,b\n1,2\n');
  await rig.receive(name);
  const notes = (): unknown[] =>
    rig.tables.marks.rows().filter(({ row }) => row.partitionKey.startsWith('arrived-'));
  assert.equal(notes().length, 1);
  await rig.blobs.remove({ container: 'exports', name });
  await rig.pass(500 * 86_400_000);
  await forgetOldMonths({ ...rig.services(), settings: SETTINGS, retentionDays: 400 });
  assert.deepEqual([rig.exports(), notes()], [[], []]);
});
