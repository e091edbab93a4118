import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fhirSettings } from '../../../shared/config/fhirSettings.ts';
import { readSettings } from '../../../shared/config/setting.ts';
import { openCollector, type CollectorPorts } from '../../../shared/fhir/openCollector.ts';
import { MemoryBlobs } from '../../support/memoryStores.ts';
import { request, testCollector } from '../../support/fhirLog.ts';

const LIMITS = { budgetMs: 1_000, claimMs: 60_000 };

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
  await collect({ ...LIMITS });
  await collect({ ...LIMITS });
  const once = ['keys', 'https://ehr.example/.default'];
  assert.deepEqual(asked, [...once, ...once]);
});

class NoContainer extends MemoryBlobs {
  // oxlint-disable-next-line require-yield -- fails before it has anything
  override async *list(): AsyncGenerator<never> {
    throw Object.assign(new Error('ContainerNotFound'), { statusCode: 404 });
  }
}

test('a run that fails is told once, with its code, class and cure, and without the words of others', async () => {
  const fail = (facts: object) => async (): Promise<string> => {
    throw Object.assign(new Error('canary'), facts);
  };
  for (const [ports, code, words] of [
    [{ blobs: new NoContainer() }, 'FHIR_NO_LOG', /Archive AuditLogs/],
    [{ token: fail({ name: 'CredentialUnavailableError' }) }, 'UNEXPECTED', /takes the same hours again/],
    [{ vaultKeys: fail({ statusCode: 403, code: 'Forbidden' }) }, 'Forbidden', /takes the same hours again/],
    [{ vaultKeys: async () => 'canary' }, 'BAD_HEADER_KEYS', /key 1 has no id.*FHIR_KEY_SECRET_NAME/],
  ] as const) {
    const collector = testCollector();
    const { services } = collector.parts();
    const collect = open({ FHIR_URL: 'https://ehr.example' }, { log: services.log, ...ports })!;
    await assert.rejects(collect({ ...LIMITS }));
    const [failed, ...more] = collector.state.logged;
    assert.deepEqual(more, []);
    assert.equal(failed?.event, 'fhir.failed');
    assert.equal(failed.code, code);
    assert.match(failed.reason ?? '', words);
    assert.ok(failed.errorName);
    assert.doesNotMatch(JSON.stringify(failed), /canary/);
  }
});

test('a run that was stopped has not failed', async () => {
  const collector = testCollector();
  const stopping = new AbortController();
  const token = (): Promise<string> => {
    stopping.abort();
    return Promise.resolve('t');
  };
  const { services } = collector.parts();
  const collect = open({ FHIR_URL: 'https://ehr.example' }, { ...services, token })!;
  assert.deepEqual(await collect({ ...LIMITS, signal: stopping.signal }), { slices: [], busy: 0 });
  assert.deepEqual(
    collector.state.logged.map(({ event }) => event),
    ['fhir.stopped'],
  );
});

test('a run that went well says so, also with nothing to read: failures in a row are told by what lies between them', async () => {
  const collector = testCollector();
  const { services } = collector.parts();
  const token = (): Promise<string> => Promise.resolve('t');
  const collect = open({ FHIR_URL: 'https://ehr.example' }, { ...services, token })!;
  await collect({ ...LIMITS });
  assert.deepEqual(collector.state.logged, [{ event: 'fhir.done', count: 0 }]);
});

test('runs end between two slices once their time is used up', async () => {
  const collector = testCollector();
  collector.put(request());
  const { services, settings } = collector.parts();
  const { collectFhirAudit } = await import('../../../shared/fhir/collector.ts');
  const none = await collectFhirAudit(services, settings, { ...LIMITS, owner: 'a', budgetMs: 0 });
  assert.deepEqual(none.slices, []);
  assert.equal((await collector.run()).slices.length, 1);
});
