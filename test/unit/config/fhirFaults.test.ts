import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../shared/config/config.ts';

/** What is told of an environment; of one that lacks everything else, too. */
function faultsOf(env: Record<string, string>): string {
  try {
    readConfig(env);
    return '';
  } catch (error) {
    return String(error);
  }
}

test('patients and tokens travel over https, or stay on this machine', () => {
  for (const url of [
    'https://ehr.fhir.azurehealthcareapis.com',
    'https://ehr.example/r4',
    'http://127.0.0.1:80',
    'http://localhost:80',
    'http://[::1]:80',
  ])
    assert.doesNotMatch(faultsOf({ FHIR_URL: url }), /FHIR_/, url);
  assert.doesNotMatch(faultsOf({ FHIR_URL: 'http://localhost:80', FHIR_TOKEN: 't' }), /FHIR_/);
  for (const [url, words] of [
    ['http://ehr.example', /FHIR_URL: does not begin with https/],
    ['http://127.0.0.1.ehr.example', /FHIR_URL: does not begin with https/],
    ['https://canary@ehr.example', /FHIR_URL: holds a user name/],
    ['https://ehr.example?canary', /FHIR_URL: holds a query/],
    ['https://canary:a:b', /FHIR_URL: expected address/],
    ['ftp://canary.example', /FHIR_URL: expected/],
  ] as const) {
    const told = faultsOf({ FHIR_URL: url });
    assert.match(told, words);
    assert.doesNotMatch(told, /canary/);
  }
  assert.match(
    faultsOf({ FHIR_URL: 'https://ehr.example', FHIR_TOKEN: 't' }),
    /FHIR_TOKEN: .* not on this machine/,
  );
});

test('a key vault goes with a secret’s name, and keys come from one place', () => {
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
