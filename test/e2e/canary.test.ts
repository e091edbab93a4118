import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startSimulator } from '../../local/simulator/simulator.ts';
import type { Simulator } from '../../local/simulator/types.ts';
import { canariesIn, canariesUnder, CANARY, canaryExport, canaryRecord } from '../support/canaries.ts';
import { runCli, startCli, type CliRun } from '../support/cli.ts';
import { startIngestion, type Ingestion } from '../support/ingestion.ts';

const DEADLINE_MS = 60_000;

let folder = '';
let simulator: Simulator;
let ingestion: Ingestion;
let settings: NodeJS.ProcessEnv = {};

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-'));
  simulator = await startSimulator({ secret: CANARY.secret, receivedFolder: path.join(folder, 'received') });
  ingestion = await startIngestion();
  settings = {
    ...ingestion.settings,
    CONNECTOR_HEALTHCARE_TENANT_ID: simulator.tenantId,
    CONNECTOR_HEALTHCARE_APP_ID: simulator.appId,
    CONNECTOR_HEALTHCARE_SECRET: CANARY.secret,
    CONNECTOR_HEALTHCARE_AUTHORITY: simulator.authority,
    CONNECTOR_HEALTHCARE_AUTHORITY_CA: simulator.ca,
    CLAIM_SECONDS: '3',
  };
});
after(async () => {
  await ingestion.close();
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
});

const fileOf = async (name: string, text: string): Promise<string> => {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
};

const argumentsOf = (out: string, files: readonly string[]): string[] => {
  const options = {
    '--out': path.join(folder, out),
    '--connector-url': simulator.url,
    '--job-id': simulator.jobId,
    '--chunk-records': '60',
    '--records-per-request': '20',
  };
  return ['start', '--json', ...Object.entries(options).flat(), ...files];
};

/** Nothing that a run left behind, said or sent holds a canary; exports and quarantine bytes may. */
async function assertNoCanary(out: string, run: CliRun): Promise<void> {
  assert.deepEqual(canariesIn(run.stdout + run.stderr), [], 'console');
  assert.deepEqual(canariesIn(ingestion.text()), [], 'telemetry');
  const isHome = (file: string): boolean =>
    file.startsWith(path.join('storage', '__blobstorage__')) || file.startsWith('quarantine');
  const { searched, found } = await canariesUnder(path.join(folder, out), isHome);
  assert.deepEqual(found, []);
  for (const place of ['logs', 'ledger.json', 'latest.html', '__azurite_db_table__.json', '__queuestorage__'])
    assert.ok(
      searched.some((file) => file.includes(place)),
      `${place} was searched`,
    );
}

test('success, refused records and a service that quotes body and token leave no value behind', async () => {
  await simulator.setFaults('echo:hash=1/45,503:8%,reset-after:5%');
  const file = await fileOf('refusals.csv', canaryExport(240, 17));
  const run = await runCli(argumentsOf('refusals', [file]), settings);
  assert.equal(run.code, 2, run.stdout + run.stderr);
  assert.match(run.stdout, /completed with refusals|completedWithRefusals/);
  await assertNoCanary('refusals', run);
  const lines = await readFile(path.join(folder, 'refusals/logs/functions.log'), 'utf8');
  assert.match(lines, / debug .*"batch\.accepted"/, 'debug lines were among what was searched');
  assert.ok(ingestion.envelopes().length > 20);
});

test('exports that are refused as a whole show nothing of their first record', async () => {
  await simulator.setFaults('');
  const text = canaryExport(20);
  const run = await runCli(
    argumentsOf('rejected', [
      await fileOf('headerless.csv', text.slice(text.indexOf('\n') + 1)),
      await fileOf('unclosed.csv', text.replace(/"Kanarienvogel7Qx-5"/u, '"Kanarienvogel7Qx-5')),
      await fileOf('no-city.csv', text.replace('Patient City', 'Town')),
      await fileOf('all bad.csv', canaryExport(30, 1)),
      await fileOf('binary.csv', `\0\0${canaryRecord(1)}\0`),
    ]),
    settings,
  );
  assert.equal(run.code, 2, run.stdout + run.stderr);
  await assertNoCanary('rejected', run);
});

test('a wrong secret and a refused app block the connector without a word about either', async () => {
  await simulator.setSecret('another');
  const file = await fileOf('blocked.csv', canaryExport(40));
  const wrong = await runCli(argumentsOf('wrong secret', [file]), settings);
  assert.equal(wrong.code, 1, wrong.stdout + wrong.stderr);
  await assertNoCanary('wrong secret', wrong);
  await simulator.setSecret(CANARY.secret);
  await simulator.setFaults('403');
  const refused = await runCli(argumentsOf('refused app', [file]), settings);
  assert.equal(refused.code, 1, refused.stdout + refused.stderr);
  await assertNoCanary('refused app', refused);
});

test('a process killed in the middle, and started again, leaves nothing behind', async () => {
  await simulator.setFaults('hang@1-4:first=4,503:10%');
  const sent = (await simulator.log()).length;
  const running = startCli(argumentsOf('killed', [await fileOf('killed.csv', canaryExport(400, 29))]), {
    ...settings,
    REQUEST_DEADLINE_SECONDS: '3',
  });
  const until = Date.now() + DEADLINE_MS;
  while ((await simulator.log()).length < sent + 3 && Date.now() < until) await delay(10);
  const pid = /process (\d+)/u.exec(running.stdout())?.[1];
  process.kill(Number(pid), 'SIGKILL');
  const run = await running.done;
  assert.match(run.stdout, /started again/);
  assert.equal(run.code, 2, run.stdout + run.stderr);
  await assertNoCanary('killed', run);
});
