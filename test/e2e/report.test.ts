import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { PeriodStatus } from '../../shared/report/period.ts';
import { runCli, runStart } from '../support/cli.ts';
import { plainExport } from '../support/healthcare.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'report-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('any period is printed or written from what a run left behind', async () => {
  const out = path.join(folder, 'out');
  const file = path.join(folder, 'a.csv');
  await writeFile(
    file,
    plainExport(30, (number) => (number === 3 ? { 'Patient City': '' } : {})),
  );
  assert.equal((await runStart(['--out', out, file])).code, 2);

  const day = new Date().toISOString().slice(0, 10);
  const before = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  const period = ['report', '--out', out, '--from', before];
  const json = await runCli([...period, '--json']);
  assert.equal(json.code, 0, json.stderr);
  const { days, from, to } = JSON.parse(json.stdout) as PeriodStatus;
  assert.deepEqual([from, days.length >= 3, to >= day], [before, true, true]);
  const sums = days.flatMap(({ connectors }) =>
    connectors.map(({ accepted, quarantined }) => [accepted, quarantined]),
  );
  assert.deepEqual(
    sums.filter(([accepted]) => accepted !== 0),
    [[29, 1]],
  );

  const written = path.join(folder, 'written');
  const csv = await runCli([...period, '--csv', '--write', written]);
  assert.match(csv.stdout, /^Day,Connector,.*RecordsSaved/);
  assert.match(csv.stdout, /healthcare\/a\.csv,.*completedWithRefusals/);
  const names = (await readdir(written)).toSorted();
  assert.deepEqual(
    names.map((name) => path.extname(name)),
    ['.csv', '.html', '.json'],
  );
  assert.equal(await readFile(path.join(written, names[0] ?? ''), 'utf8'), csv.stdout);
});

test('a wrong day, or a period that ends before it begins, is said in a sentence', async () => {
  const wrong = await runCli(['report', '--from', '2026-02-30']);
  assert.deepEqual([wrong.code, wrong.stderr.includes('Expected a day like')], [1, true]);
  const backwards = [
    'report',
    '--out',
    path.join(folder, 'out'),
    '--from',
    '2026-02-02',
    '--to',
    '2026-02-01',
  ];
  const run = await runCli(backwards);
  assert.deepEqual([run.code, run.stderr.includes('is after')], [1, true]);
});
