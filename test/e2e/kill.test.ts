import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { RunResult } from '../../local/cli/summary.ts';
import { startCli, type RunningCli } from '../support/cli.ts';
import { cutRecords, countTexts, readReceived } from '../support/received.ts';
import { functionsPids, until } from '../support/processes.ts';
import { plainExport } from '../support/healthcare.ts';

const RECORDS = 6_000;
const BATCH = 100;

let folder = '';
let file = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ehr-kill-'));
  file = path.join(folder, 'audit.csv');
  await writeFile(file, plainExport(RECORDS));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A run slow enough to be interrupted in the middle. */
function slowRun(name: string): { run: RunningCli; received: string } {
  const received = path.join(folder, `${name}-received`);
  const shape = `--json --latency 60 --chunk-records 1000 --records-per-request ${BATCH} --concurrency 4`;
  const run = startCli([
    'start',
    '--out',
    path.join(folder, name),
    '--received',
    received,
    ...shape.split(' '),
    file,
  ]);
  return { run, received };
}

const bodiesIn = async (received: string): Promise<number> =>
  (await readdir(received, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.txt'))
    .length;

const resultOf = (stdout: string): RunResult =>
  JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as RunResult;

/** Every record once at least; what came more often is accounted for, in whole batches. */
async function assertConserved(received: string, { exports }: RunResult): Promise<number> {
  const [, ...expected] = cutRecords(plainExport(RECORDS));
  const counts = countTexts((await readReceived(received)).flatMap(({ records }) => records));
  assert.deepEqual(
    expected.filter((record) => !counts.has(record)),
    [],
    'no record is lost',
  );
  assert.equal(counts.size, expected.length, 'no record is altered or spurious');
  const surplus = [...counts.values()].reduce((sum, count) => sum + count - 1, 0);
  const [result] = exports;
  assert.ok(result);
  assert.deepEqual(
    { state: result.state, accepted: result.accepted, failed: result.failed },
    { state: 'completed', accepted: RECORDS, failed: 0 },
  );
  assert.ok(
    surplus <= result.possiblyDuplicated,
    `${surplus} repeated, ${result.possiblyDuplicated} accounted for`,
  );
  return surplus;
}

test(
  'SIGKILL of the functions process again and again: nothing lost, every repetition accounted for',
  { skip: process.platform !== 'linux' },
  async () => {
    const { run, received } = slowRun('killed');
    const cli = run.child.pid ?? 0;
    for (let kill = 0; kill < 4; kill += 1) {
      await until('some more bodies were accepted', async () => (await bodiesIn(received)) >= 3 + kill * 8);
      const [pid] = await functionsPids(cli);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await until('the process is gone', async () => !(await functionsPids(cli)).includes(pid ?? 0));
      await until('it was started again', async () => (await functionsPids(cli)).length > 0);
    }
    const { code, stdout, stderr } = await run.done;
    assert.equal(code, 0, stdout + stderr);
    await assertConserved(received, resultOf(stdout));
  },
);

test('Ctrl-C in the middle leaves nothing running; the same command goes on and sends each record once', async () => {
  const { run, received } = slowRun('interrupted');
  await until('half of it is in', async () => (await bodiesIn(received)) >= RECORDS / BATCH / 2);
  const pids = process.platform === 'linux' ? await functionsPids(run.child.pid ?? 0) : [];
  run.child.kill('SIGINT');
  const first = await run.done;
  assert.equal(first.code, 1, first.stdout + first.stderr);
  assert.match(first.stderr, /Stopping; Ctrl-C again ends at once\./);
  assert.match(first.stdout, /Interrupted/);
  const [interrupted] = resultOf(first.stdout).exports;
  assert.deepEqual(
    { state: interrupted?.state, accepted: interrupted?.accepted },
    { state: 'pushing', accepted: (await bodiesIn(received)) * BATCH },
    'what was accepted by then is told',
  );
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), 'the functions process is gone');
  const again = slowRun('interrupted');
  const { code, stdout, stderr } = await again.run.done;
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /an interrupted run goes on/);
  const surplus = await assertConserved(received, resultOf(stdout));
  assert.equal(surplus, 0, 'each record once');
});

test('SIGKILL of the command itself: its processes end, and the same command goes on', async () => {
  const { run, received } = slowRun('beheaded');
  await until('a third of it is in', async () => (await bodiesIn(received)) >= RECORDS / BATCH / 3);
  const pids = process.platform === 'linux' ? await functionsPids(run.child.pid ?? 0) : [];
  run.child.kill('SIGKILL');
  await run.done;
  for (const pid of pids) {
    await until('the functions process is gone', () => {
      try {
        return process.kill(pid, 0) && false;
      } catch {
        return true;
      }
    });
  }
  const again = slowRun('beheaded');
  const { code, stdout, stderr } = await again.run.done;
  assert.equal(code, 0, stdout + stderr);
  await assertConserved(received, resultOf(stdout));
});

test('a run for another file finishes what an interrupted one left, and lists its own alone', async () => {
  const { run, received } = slowRun('left');
  await until('some of it is in', async () => (await bodiesIn(received)) >= 5);
  run.child.kill('SIGINT');
  await run.done;
  const small = path.join(folder, 'small.csv');
  await writeFile(small, plainExport(3));
  const out = path.join(folder, 'left');
  const { code, stdout, stderr } = await startCli(['start', '--json', '--out', out, small]).done;
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(
    resultOf(stdout).exports.map(({ name, state }) => ({ name, state })),
    [{ name: 'small.csv', state: 'completed' }],
  );
  assert.match(stdout, /^audit\.csv \(of an earlier run\): goes on\.$/mu);
  assert.match(
    stdout,
    /^audit\.csv \(of an earlier run\): ended completed, 6,000 of 6,000 records accepted\.$/mu,
  );
});
