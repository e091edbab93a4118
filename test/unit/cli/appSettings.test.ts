import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appSettingsFor } from '../../../local/cli/appSettings.ts';
import type { StackOptions } from '../../../local/cli/options.ts';
import { DEFAULTS, type Simulator } from '../../../local/simulator/types.ts';

const STORAGE = 'UseDevelopmentStorage=true';
const OPTIONS: StackOptions = { out: 'out', connector: 'healthcare', latency: 0, seed: 1 };
const OTHER = { ...OPTIONS, connectorUrl: 'http://127.0.0.1:9' };
const simulator = {
  ...DEFAULTS,
  url: 'http://127.0.0.1:8',
  authority: 'https://127.0.0.1:7',
  ca: '-----BEGIN CERTIFICATE-----',
} as unknown as Simulator;

const proof = (settings: Record<string, string>) =>
  ['AUTH', 'TOKEN', 'JOB_ID', 'URL'].map((name) => settings[`CONNECTOR_HEALTHCARE_${name}`]);

test('a token in the environment does as well as one among the arguments, which everybody on the machine sees', () => {
  const asOption = appSettingsFor({ ...OTHER, connectorToken: 't' }, STORAGE, undefined, {});
  const env = { CONNECTOR_HEALTHCARE_TOKEN: 't' };
  const inEnvironment = appSettingsFor(OTHER, STORAGE, undefined, env);
  assert.deepEqual(inEnvironment, asOption);
  assert.deepEqual(proof(asOption), ['token', 't', DEFAULTS.jobId, OTHER.connectorUrl]);
  const job = { ...env, CONNECTOR_HEALTHCARE_JOB_ID: 'job-7' };
  assert.deepEqual(proof(appSettingsFor(OTHER, STORAGE, undefined, job))[2], 'job-7');
});

test('what proves the app to another connector is not shown to the simulator', () => {
  const env = { CONNECTOR_HEALTHCARE_TOKEN: 't', CONNECTOR_HEALTHCARE_AUTH: 'token' };
  assert.equal(proof(appSettingsFor(OPTIONS, STORAGE, simulator, env))[0], 'secret');
});

test('a run has the connector of --connector, whatever CONNECTORS in the environment serves', () => {
  const settings = appSettingsFor({ ...OPTIONS, connector: 'pharmacy' }, STORAGE, simulator, {
    CONNECTORS: 'healthcare,pharmacy',
    CONNECTOR_PHARMACY_SCHEMA: 'healthcare',
  });
  assert.equal(settings['CONNECTORS'], 'pharmacy');
});
