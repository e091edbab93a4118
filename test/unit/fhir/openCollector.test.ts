import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../shared/config/config.ts';
import { fhirSettings } from '../../../shared/config/fhirSettings.ts';
import { readSettings } from '../../../shared/config/setting.ts';
import { openCollector, type CollectorPorts } from '../../../shared/fhir/openCollector.ts';
import { MemoryBlobs } from '../../support/memoryStores.ts';
import { request, testCollector } from '../../support/fhirLog.ts';

function open(env: Record<string, string>, ports: Partial<CollectorPorts> = {}) {
  const faults: string[] = [];
  const settings = readSettings(fhirSettings, env, faults);
  assert.deepEqual(faults, []);
  const { services } = testCollector().parts();
  return openCollector(settings, { ...services, random: () => 0, token: async () => 't', ...ports });
}

test('without FHIR_URL nothing is collected', () => {
  assert.equal(open({}), undefined);
});

test('patients and tokens travel over https, or stay on this machine', () => {
  for (const url of [
    'https://ehr.fhir.azurehealthcareapis.com',
    'http://127.0.0.1:80',
    'http://localhost:80',
  ])
    assert.ok(open({ FHIR_URL: url }));
  assert.throws(() => open({ FHIR_URL: 'http://ehr.example' }), /does not begin with https/);
  assert.throws(() => open({ FHIR_URL: 'https://user@ehr.example' }), /holds a user name/);
  assert.throws(() => open({ FHIR_URL: 'https://ehr.example', FHIR_TOKEN: 't' }), /not on this machine/);
});

test('the identity is asked for a token of the service, and the vault for the keys, at every run', async () => {
  const asked: string[] = [];
  const collect = open(
    { FHIR_URL: 'https://ehr.example' },
    {
      token: async (scope) => (asked.push(scope), 't'),
      vaultKeys: async () => (asked.push('keys'), ''),
    },
  )!;
  await collect({ budgetMs: 1000 });
  await collect({ budgetMs: 1000 });
  const once = ['keys', 'https://ehr.example/.default'];
  assert.deepEqual(asked, [...once, ...once]);
});

class NoContainer extends MemoryBlobs {
  // oxlint-disable-next-line require-yield -- fails before it has anything
  override async *list(): AsyncGenerator<never> {
    throw Object.assign(new Error('ContainerNotFound'), { statusCode: 404 });
  }
}

test('a log that is not there is told with its cure', async () => {
  const errors: (string | undefined)[] = [];
  const { services } = testCollector().parts();
  const collect = open(
    { FHIR_URL: 'https://ehr.example' },
    {
      blobs: new NoContainer(),
      log: { ...services.log, error: (_, fields) => errors.push(fields?.code) },
    },
  )!;
  await assert.rejects(collect({ budgetMs: 1000 }), /FHIR_NO_LOG.*Archive AuditLogs/);
  assert.deepEqual(errors, ['FHIR_NO_LOG']);
});

test('a key vault goes with a secret’s name, and keys come from one place', () => {
  const faultsOf = (env: Record<string, string>): string => {
    try {
      readConfig(env);
      return '';
    } catch (error) {
      return String(error);
    }
  };
  assert.match(faultsOf({ FHIR_KEY_VAULT_URL: 'https://v.vault.azure.net' }), /FHIR_KEY_SECRET_NAME/);
  assert.match(
    faultsOf({
      FHIR_KEY_VAULT_URL: 'https://v.vault.azure.net',
      FHIR_KEY_SECRET_NAME: 's',
      FHIR_HEADER_KEYS: 'x',
    }),
    /give one of the two/,
  );
  assert.match(faultsOf({ FHIR_HEADER_KEYS: 'canary' }), /FHIR_HEADER_KEYS: .*key 1 has no id/);
  assert.match(faultsOf({ FHIR_HEADER_TABLE: 'USERID=No Such Field' }), /FHIR_HEADER_TABLE: expected rules/);
  assert.match(
    faultsOf({ FHIR_URL: 'https://e.example', FHIR_CONNECTOR: 'other' }),
    /FHIR_CONNECTOR: names none/,
  );
});

test('runs end between two slices once their time is used up', async () => {
  const collector = testCollector();
  collector.put(request());
  const { services, settings } = collector.parts();
  const { collectFhirAudit } = await import('../../../shared/fhir/collector.ts');
  const none = await collectFhirAudit(services, settings, { owner: 'a', budgetMs: 0 });
  assert.deepEqual(none.slices, []);
  assert.equal((await collector.run()).slices.length, 1);
});
