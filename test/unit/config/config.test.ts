import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { type Environment, readConfig } from '../../../shared/config/config.ts';
import { DEFAULT_PUSH_SETTINGS } from '../../../shared/delivery/settings.ts';
import { DEFAULT_SPLIT_SETTINGS } from '../../../shared/export/services.ts';
import { DEFAULT_SWEEP_SETTINGS } from '../../../shared/export/sweep.ts';
import { SettingsError } from '../../../shared/errors.ts';

const GOOD: Environment = {
  ExportStorage: 'UseDevelopmentStorage=true',
  CONNECTORS: 'healthcare',
  CONNECTOR_HEALTHCARE_TENANT_ID: 'contoso.onmicrosoft.com',
  CONNECTOR_HEALTHCARE_APP_ID: '22222222-2222-4222-8222-222222222222',
  CONNECTOR_HEALTHCARE_JOB_ID: '33333333-3333-4333-8333-333333333333',
  CONNECTOR_HEALTHCARE_SECRET: 'canary-secret',
};

/** The text of the error that an environment gives; fails when it gives none. */
function faultsOf(env: Environment): string {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.message;
  }
  return assert.fail('expected a SettingsError');
}

describe('readConfig', () => {
  test('fills in the defaults, in bytes and ms', () => {
    const { delivery, export: exports, connectors } = readConfig(GOOD);

    assert.equal(exports.chunkRecords, 100_000);
    assert.equal(exports.maxExportBytes, 3 * 1024 ** 3);
    assert.equal(delivery.recordsPerRequest, 5000);
    assert.equal(delivery.requestDeadlineMs, 400_000);
    assert.equal(delivery.claimMs, 60_000);
    assert.deepEqual(
      connectors.map(({ name, url, authority, schema, onUnknownOutcome }) => ({
        name,
        url,
        authority,
        schema,
        onUnknownOutcome,
      })),
      [
        {
          name: 'healthcare',
          url: 'https://webhook.ingestion.office.com',
          authority: 'https://login.microsoftonline.com',
          schema: 'healthcare',
          onUnknownOutcome: 'resend',
        },
      ],
    );
  });

  test('takes what is given, an empty value being none', () => {
    const { export: exports, sweep } = readConfig({
      ...GOOD,
      CHUNK_RECORDS: ' 7 ',
      RECORDS_PER_REQUEST: '',
      SWEEP_SCHEDULE: '*/15 * * * * *',
    });

    assert.equal(exports.chunkRecords, 7);
    assert.equal(sweep.schedule, '*/15 * * * * *');
  });

  test('takes an address with a slash at its end as the one without', () => {
    assert.equal(readConfig({ ...GOOD, FHIR_URL: 'https://ehr.example/' }).fhir.url, 'https://ehr.example');
  });

  test('the defaults of the domain are those of the settings', () => {
    const { delivery, export: exports, sweep } = readConfig(GOOD);
    const given = { ...exports, ...delivery, splitClaimMs: delivery.claimMs };
    for (const defaults of [DEFAULT_PUSH_SETTINGS, DEFAULT_SPLIT_SETTINGS]) {
      const common = Object.entries(defaults).filter(([name]) => name in given);
      assert.ok(common.length > 5);
      for (const [name, value] of common) assert.equal(given[name as keyof typeof given], value, name);
    }
    assert.equal(DEFAULT_SWEEP_SETTINGS.graceMs, sweep.graceMs);
  });

  test('is frozen to the last leaf', () => {
    const config = readConfig(GOOD);

    assert.throws(() => Object.assign(config.delivery, { maxInFlight: 1 }), TypeError);
    assert.throws(() => Object.assign(config.connectors[0] ?? {}, { jobId: 'x' }), TypeError);
  });

  test('shows secrets neither in JSON nor when inspected nor as text', () => {
    const connection = 'AccountName=hospital;AccountKey=canary-key';
    const config = readConfig({ ...GOOD, ExportStorage: connection });

    for (const shown of [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      String(config.storage.connectionString),
    ]) {
      assert.doesNotMatch(shown, /canary/);
    }
    assert.equal(config.storage.connectionString?.reveal(), connection);
  });

  test('names every fault at once and quotes no value', () => {
    const message = faultsOf({
      CHUNK_RECORDS: 'canary',
      PIN: 'canary',
      MAX_IN_FLIGHT: '0',
      REPORT_TIME_ZONE: 'Mars/Canary',
      EXPECTED_BY: '25:00',
      CONNECTOR_HEALTHCARE_SECRET: 'canary',
      CONNECTOR_HEALTHCARE_URL: 'http://canary.example/',
    });

    for (const name of [
      'CHUNK_RECORDS',
      'PIN',
      'MAX_IN_FLIGHT',
      'REPORT_TIME_ZONE',
      'EXPECTED_BY',
      'ExportStorage',
      'CONNECTOR_HEALTHCARE_TENANT_ID',
      'CONNECTOR_HEALTHCARE_APP_ID',
      'CONNECTOR_HEALTHCARE_JOB_ID',
      'CONNECTOR_HEALTHCARE_URL',
    ]) {
      assert.match(message, new RegExp(`\\b${name}: `));
    }
    assert.doesNotMatch(message, /canary/i);
  });

  test('names what was found at fault elsewhere with the rest', () => {
    assert.throws(
      () =>
        readConfig({ ...GOOD, PIN: 'canary' }, ['mappings/healthcare.json cannot be used: it is not JSON.']),
      /2 things are missing or wrong\. PIN: .* mappings\/healthcare\.json cannot be used/u,
    );
    assert.throws(() => readConfig(GOOD, ['mappings/a.json cannot be used.']), SettingsError);
  });

  const URIS = {
    ExportStorage__blobServiceUri: 'https://a.blob.core.windows.net',
    ExportStorage__queueServiceUri: 'https://a.queue.core.windows.net',
    ExportStorage__tableServiceUri: 'https://a.table.core.windows.net',
  };

  test('tells of an address once', () => {
    const message = faultsOf({
      ...GOOD,
      ...URIS,
      ExportStorage: '',
      ExportStorage__blobServiceUri: 'canary',
    });
    assert.equal(message.match(/ExportStorage__blobServiceUri/gu)?.length, 1);
  });

  const REFUSED: readonly [string, Environment, RegExp][] = [
    ['TLS verification turned off', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, /NODE_TLS_REJECT_UNAUTHORIZED/],
    [
      'more than 1,000 batches a chunk',
      { RECORDS_PER_REQUEST: '99' },
      /RECORDS_PER_REQUEST: gives more than 1000/,
    ],
    ['a record larger than a body', { MAX_BODY_BYTES: '1024' }, /MAX_RECORD_BYTES: is larger/],
    ['a first delay above the longest', { BACKOFF_MAX_MS: '1' }, /BACKOFF_BASE_MS: is larger/],
    [
      'a run that could outlast the function timeout',
      { INVOCATION_BUDGET_SECONDS: '681' },
      /INVOCATION_BUDGET_SECONDS: is with REQUEST_DEADLINE_SECONDS more than 1080, 60 % of functionTimeout/,
    ],
    ['two connectors with the same settings', { CONNECTORS: 'a-b,a_b' }, /CONNECTORS: two names share/],
    ['a connector name that is no folder name', { CONNECTORS: 'a/b' }, /CONNECTORS: expected/],
    [
      'storage by halves',
      { ...URIS, ExportStorage: '', ExportStorage__tableServiceUri: '' },
      /ExportStorage__tableServiceUri: is missing/,
    ],
    ['storage twice', URIS, /ExportStorage: is given beside/],
    ['no storage', { ExportStorage: '' }, /ExportStorage: expected either/],
    [
      'a connection string without a key',
      { ExportStorage: 'AccountName=a' },
      /ExportStorage: is no connection/,
    ],
    [
      'a storage address elsewhere',
      { ...URIS, ExportStorage: '', ExportStorage__queueServiceUri: 'https://example.com' },
      /ExportStorage__queueServiceUri: is not the https address of the queue service/,
    ],
    [
      'a credential that is none',
      { ...URIS, ExportStorage: '', ExportStorage__credential: 'canary' },
      /ExportStorage__credential: is neither/,
    ],
    [
      'an unknown host',
      { CONNECTOR_HEALTHCARE_URL: 'https://example.com' },
      /URL: must name one of the known hosts/,
    ],
    [
      'plain http',
      { CONNECTOR_HEALTHCARE_URL: 'http://webhook.ingestion.office.com' },
      /URL: must begin with https/,
    ],
    [
      'a URL with a password',
      { CONNECTOR_HEALTHCARE_URL: 'https://a:b@webhook.ingestion.office.com' },
      /user name/,
    ],
    [
      'the host of another cloud',
      { CONNECTOR_HEALTHCARE_URL: 'https://webhook-gcc.ingestion.office365.us' },
      /another cloud/,
    ],
    [
      'the authority of another cloud',
      { CONNECTOR_HEALTHCARE_AUTHORITY: 'https://login.microsoftonline.us' },
      /AUTHORITY: is of another cloud/,
    ],
    [
      'an unknown authority',
      { CONNECTOR_HEALTHCARE_AUTHORITY: 'https://login.example.com' },
      /AUTHORITY: must name/,
    ],
    [
      'a secret given twice',
      {
        CONNECTOR_HEALTHCARE_KEY_VAULT_URL: 'https://v.vault.azure.net',
        CONNECTOR_HEALTHCARE_SECRET_NAME: 's',
      },
      /SECRET: is given beside/,
    ],
    [
      'a vault elsewhere',
      {
        CONNECTOR_HEALTHCARE_SECRET: '',
        CONNECTOR_HEALTHCARE_KEY_VAULT_URL: 'https://v.example.com',
        CONNECTOR_HEALTHCARE_SECRET_NAME: 's',
      },
      /KEY_VAULT_URL: must/,
    ],
    [
      'a vault of header keys elsewhere',
      { FHIR_KEY_VAULT_URL: 'https://v.example.com', FHIR_KEY_SECRET_NAME: 's' },
      /FHIR_KEY_VAULT_URL: must/,
    ],
    ['half a GUID', { ExportStorage__clientId: '0'.repeat(36) }, /ExportStorage__clientId: expected GUID/],
    ['an address that is none', { FHIR_URL: 'https://' }, /FHIR_URL: expected address/],
    [
      'federation without an identity',
      { CONNECTOR_HEALTHCARE_AUTH: 'federated' },
      /MANAGED_IDENTITY_CLIENT_ID: is missing/,
    ],
    [
      'federation across clouds',
      {
        CONNECTOR_HEALTHCARE_AUTH: 'federated',
        CONNECTOR_HEALTHCARE_MANAGED_IDENTITY_CLIENT_ID: 'x',
        CONNECTOR_HEALTHCARE_CLOUD: 'gcchigh',
      },
      /AUTH: federated cannot reach/,
    ],
    [
      'a fixed token for a far host',
      { CONNECTOR_HEALTHCARE_AUTH: 'token', CONNECTOR_HEALTHCARE_TOKEN: 't' },
      /AUTH: token is for a URL on this machine/,
    ],
    [
      'an authority of one’s own for Entra',
      { CONNECTOR_HEALTHCARE_AUTHORITY_CA: '-----BEGIN CERTIFICATE-----' },
      /AUTHORITY_CA: is for/,
    ],
  ];
  for (const [what, env, words] of REFUSED) {
    test(`refuses ${what}`, () => assert.match(faultsOf({ ...GOOD, ...env }), words));
  }

  test('a run and its last request stay within 60 % of the function timeout of host.json', () => {
    const { functionTimeout } = JSON.parse(
      readFileSync(new URL('../../../host.json', import.meta.url), 'utf8'),
    ) as { functionTimeout: string };
    const [hours = 0, minutes = 0, seconds = 0] = functionTimeout.split(':').map(Number);
    const longest = 0.6 * (hours * 3_600 + minutes * 60 + seconds);
    const budget = (seconds: number): Environment => ({
      ...GOOD,
      REQUEST_DEADLINE_SECONDS: '80',
      INVOCATION_BUDGET_SECONDS: String(seconds),
    });
    assert.equal(readConfig(budget(longest - 80)).delivery.invocationBudgetMs, (longest - 80) * 1000);
    assert.throws(() => readConfig(budget(longest - 79)), SettingsError);
  });

  const TAKEN: readonly [string, Environment][] = [
    [
      'a further host allowed by name',
      {
        CONNECTOR_HEALTHCARE_URL: 'https://api.example.com',
        CONNECTOR_HEALTHCARE_ALLOWED_HOST: 'api.example.com',
      },
    ],
    [
      'plain http on this machine with a fixed token',
      {
        CONNECTOR_HEALTHCARE_URL: 'http://127.0.0.1:8080',
        CONNECTOR_HEALTHCARE_AUTH: 'token',
        CONNECTOR_HEALTHCARE_TOKEN: 't',
        CONNECTOR_HEALTHCARE_TENANT_ID: '',
        CONNECTOR_HEALTHCARE_APP_ID: '',
      },
    ],
    [
      'federation within the government cloud',
      {
        HOME_CLOUD: 'government',
        CONNECTOR_HEALTHCARE_CLOUD: 'dod',
        CONNECTOR_HEALTHCARE_AUTH: 'federated',
        CONNECTOR_HEALTHCARE_MANAGED_IDENTITY_CLIENT_ID: 'x',
      },
    ],
    [
      'a certificate in a vault',
      {
        CONNECTOR_HEALTHCARE_SECRET: '',
        CONNECTOR_HEALTHCARE_AUTH: 'certificate',
        CONNECTOR_HEALTHCARE_KEY_VAULT_URL: 'https://v.vault.azure.net',
        CONNECTOR_HEALTHCARE_SECRET_NAME: 's',
      },
    ],
  ];
  for (const [what, env] of TAKEN) {
    test(`takes ${what}`, () => assert.equal(readConfig({ ...GOOD, ...env }).connectors.length, 1));
  }
});
