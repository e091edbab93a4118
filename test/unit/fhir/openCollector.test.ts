import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('runs end between two slices once their time is used up', async () => {
  const collector = testCollector();
  collector.put(request());
  const { services, settings } = collector.parts();
  const { collectFhirAudit } = await import('../../../shared/fhir/collector.ts');
  const none = await collectFhirAudit(services, settings, { owner: 'a', budgetMs: 0 });
  assert.deepEqual(none.slices, []);
  assert.equal((await collector.run()).slices.length, 1);
});
