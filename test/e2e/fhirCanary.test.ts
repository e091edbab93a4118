import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunResult } from '../../local/cli/summary.ts';
import { CANARY } from '../support/canaries.ts';
import { canaryPast, startCanaryFhir, type CanaryFhir, type CanaryPast } from '../support/canaryFhir.ts';
import { startCanaryWorld, type CanaryWorld } from '../support/canaryWorld.ts';
import { startCli, type CliRun, type RunningCli } from '../support/cli.ts';

const HOOK = new URL('../support/canaryFhirHook.ts', import.meta.url).href;
const DEADLINE_MS = 60_000;
/** Of each kind of access, in each hour. */
const COUNT = 8;

let world: CanaryWorld;
let fhir: CanaryFhir;

before(async () => {
  world = await startCanaryWorld();
  fhir = await startCanaryFhir();
});
after(async () => {
  await fhir.close();
  await world.close();
});

/** `npm start -- --fhir` on a past of canaries. */
async function startFhir(
  out: string,
  change: (past: CanaryPast) => CanaryPast = (past) => past,
): Promise<RunningCli> {
  const file = path.join(world.folder, `${out}.past.json`);
  await writeFile(file, JSON.stringify(change(canaryPast(fhir.url, COUNT))));
  return startCli([...world.argumentsOf(out), '--fhir'], {
    ...world.settings,
    NODE_OPTIONS: `--import=${HOOK}`,
    CANARY_PAST: file,
  });
}

const resultOf = ({ stdout }: CliRun): RunResult =>
  JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as RunResult;

/** Codes that an event was logged with. */
const codesOf = (log: string, event: string): string[] =>
  [...log.matchAll(new RegExp(`"${event}".*?"code":"([^"]*)"`, 'gu'))].map(([, code = '']) => code);

test('accesses of every kind, refused records and a connector that quotes body and token leave no value behind', async () => {
  await world.simulator.setFaults('echo:hash=1/20,503:8%,reset-after:5%');
  const run = await (await startFhir('all kinds')).done;
  assert.equal(run.code, 2, run.stdout + run.stderr);
  await world.assertNoCanary('all kinds', run);
  const { exports } = resultOf(run);
  assert.deepEqual(
    exports.map(({ state, records }) => ({ state, records })),
    [
      { state: 'completedWithRefusals', records: 5 * COUNT },
      { state: 'completedWithRefusals', records: 5 * COUNT },
    ],
  );
  for (const { accepted, quarantined } of exports) assert.ok(accepted > 0 && quarantined >= COUNT);
  const log = await world.log('all kinds');
  const names =
    'USERUPN USERID USERNAME EMPLOYEEID USERLASTNAME USERFIRSTNAME WORKSTATION USERLOCATION ACCESSREASON ACCESSCOMMENT';
  assert.deepEqual(
    new Set(codesOf(log, 'fhir.quarantined')),
    new Set([
      'PATIENT_GONE',
      'MISSING_VALUE Patient Address Line 1',
      'MISSING_VALUE Patient City',
      'MISSING_VALUE Patient Zip Code',
      'NO_USER_HEADER',
      'NO_PATIENT',
      'BAD_TIME',
      'NO_END',
      ...names.split(' ').flatMap((name) => [`HEADER_KEY_UNKNOWN ${name}`, `HEADER_UNREADABLE ${name}`]),
    ]),
  );
  assert.deepEqual(codesOf(log, 'fhir.malformed'), ['BAD_LINE', 'BAD_LINE']);
  assert.match(log, / debug .*"batch\.accepted"/u, 'debug lines were among what was searched');
  assert.match(log, /"record\.refusedByService"/u, 'the connector quoted a body');
  assert.ok(world.ingestion.envelopes().length > 10);
});

test('a FHIR service that fails in every way, and quotes URL, token and patients, leaves no value behind', async () => {
  await world.simulator.setFaults('');
  fhir.fail([401, 401, 403, 404, 302, 500, 'page', 'cut']);
  const run = await (await startFhir('failures')).done;
  assert.equal(run.code, 2, run.stdout + run.stderr);
  await world.assertNoCanary('failures', run);
  assert.match(run.stdout, /The function collectFhirAudit failed and is tried again/u);
  const log = await world.log('failures');
  assert.deepEqual(codesOf(log, 'fhir.failed'), ['FHIR_FORBIDDEN', 'FHIR_FORBIDDEN', 'FHIR_FAILED']);
  assert.match(world.ingestion.text(), /fhir\.failed/u, 'failures were among the telemetry');
});

test('a process killed while patients are asked for, and started again, leaves nothing behind', async () => {
  fhir.fail(['hold']);
  const asked = fhir.asked();
  const running = await startFhir('killed');
  const until = Date.now() + DEADLINE_MS;
  while (fhir.asked() === asked && Date.now() < until) await delay(10);
  const pid = /process (\d+)/u.exec(running.stdout())?.[1];
  process.kill(Number(pid), 'SIGKILL');
  const run = await running.done;
  assert.match(run.stdout, /started again/u);
  assert.equal(run.code, 2, run.stdout + run.stderr);
  await world.assertNoCanary('killed', run);
});

test('settings that cannot be are named without their values', async () => {
  for (const [name, value] of [
    ['FHIR_HEADER_KEYS', `${CANARY.field}=${Buffer.from(CANARY.secret).toString('base64')}`],
    ['FHIR_URL', `https://${CANARY.field}:${CANARY.mail}@ehr.example`],
  ] as const) {
    const wrong = (past: CanaryPast): CanaryPast => ({
      ...past,
      settings: { ...past.settings, [name]: value },
    });
    const run = await (await startFhir(name, wrong)).done;
    assert.equal(run.code, 1, run.stdout + run.stderr);
    assert.match(run.stdout + run.stderr, new RegExp(`${name}: `, 'u'));
    await world.assertNoCanary(name, run, ['logs']);
  }
});
