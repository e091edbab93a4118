import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CANARY, canaryExport, canaryRecord } from '../support/canaries.ts';
import { startCanaryWorld, type CanaryWorld } from '../support/canaryWorld.ts';
import { runCli, startCli } from '../support/cli.ts';

const DEADLINE_MS = 60_000;

let world: CanaryWorld;

before(async () => {
  world = await startCanaryWorld();
});
after(() => world.close());

const fileOf = async (name: string, text: string): Promise<string> => {
  const file = path.join(world.folder, name);
  await writeFile(file, text);
  return file;
};

test('success, refused records and a service that quotes body and token leave no value behind', async () => {
  await world.simulator.setFaults('echo:hash=1/45,503:8%,reset-after:5%');
  const file = await fileOf('refusals.csv', canaryExport(240, 17));
  const run = await runCli([...world.argumentsOf('refusals'), file], world.settings);
  assert.equal(run.code, 2, run.stdout + run.stderr);
  assert.match(run.stdout, /completed with refusals|completedWithRefusals/);
  await world.assertNoCanary('refusals', run);
  assert.match(
    await world.log('refusals'),
    / debug .*"batch\.accepted"/,
    'debug lines were among what was searched',
  );
  assert.ok(world.ingestion.envelopes().length > 20);
});

test('exports that are refused as a whole show nothing of their first record', async () => {
  await world.simulator.setFaults('');
  const text = canaryExport(20);
  const run = await runCli(
    [
      ...world.argumentsOf('rejected'),
      await fileOf('headerless.csv', text.slice(text.indexOf('\n') + 1)),
      await fileOf('unclosed.csv', text.replace(/"Kanarienvogel7Qx-5"/u, '"Kanarienvogel7Qx-5')),
      await fileOf('no-city.csv', text.replace('Patient City', 'Town')),
      await fileOf('all bad.csv', canaryExport(30, 1)),
      await fileOf('binary.csv', `\0\0${canaryRecord(1)}\0`),
    ],
    world.settings,
  );
  assert.equal(run.code, 2, run.stdout + run.stderr);
  await world.assertNoCanary('rejected', run);
});

test('a wrong secret and a refused app block the connector without a word about either', async () => {
  await world.simulator.setSecret('another');
  const file = await fileOf('blocked.csv', canaryExport(40));
  const wrong = await runCli([...world.argumentsOf('wrong secret'), file], world.settings);
  assert.equal(wrong.code, 1, wrong.stdout + wrong.stderr);
  await world.assertNoCanary('wrong secret', wrong);
  await world.simulator.setSecret(CANARY.secret);
  await world.simulator.setFaults('403');
  const refused = await runCli([...world.argumentsOf('refused app'), file], world.settings);
  assert.equal(refused.code, 1, refused.stdout + refused.stderr);
  await world.assertNoCanary('refused app', refused);
});

test('a process killed in the middle, and started again, leaves nothing behind', async () => {
  await world.simulator.setFaults('hang@1-4:first=4,503:10%');
  const sent = (await world.simulator.log()).length;
  const running = startCli(
    [...world.argumentsOf('killed'), await fileOf('killed.csv', canaryExport(400, 29))],
    {
      ...world.settings,
      REQUEST_DEADLINE_SECONDS: '3',
    },
  );
  const until = Date.now() + DEADLINE_MS;
  while ((await world.simulator.log()).length < sent + 3 && Date.now() < until) await delay(10);
  const pid = /process (\d+)/u.exec(running.stdout())?.[1];
  process.kill(Number(pid), 'SIGKILL');
  const run = await running.done;
  assert.match(run.stdout, /started again/);
  assert.equal(run.code, 2, run.stdout + run.stderr);
  await world.assertNoCanary('killed', run);
});
