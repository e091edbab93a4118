import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { registerApp } from '../../../infra/scripts/appRegistration.ts';
import type { Az } from '../../../infra/scripts/az.ts';
import { subscribeWebhook } from '../../../infra/scripts/webhookSubscription.ts';

const TENANT = '11111111-1111-1111-1111-111111111111';
const OTHER_TENANT = '22222222-2222-2222-2222-222222222222';
const IDENTITY = '33333333-3333-3333-3333-333333333333';
const APP = '44444444-4444-4444-4444-444444444444';
const registration = {
  displayName: 'EHR exports to Purview',
  identityObjectId: IDENTITY,
  cloud: 'commercial',
  tenantId: TENANT,
} as const;

type Directory = {
  environmentName?: string;
  apps?: { appId: string; displayName: string }[];
  principals?: object[];
  credentials?: object[];
};

/** The parts of the Azure CLI that the scripts use, over a directory in memory; notes what was changed. */
function fakeAz({
  environmentName = 'AzureCloud',
  apps = [],
  principals = [],
  credentials = [],
}: Directory = {}): { az: Az; changes: string[]; credential: () => unknown } {
  const changes: string[] = [];
  let credential: unknown;
  const az: Az = (args) => {
    const command = args.filter((arg, i) => !arg.startsWith('-') && !args[i - 1]?.startsWith('-')).join(' ');
    const option = (name: string): string => args[args.indexOf(name) + 1] ?? '';
    const answers: Record<string, () => unknown> = {
      'account show': () => ({ tenantId: TENANT, environmentName }),
      'ad app list': () => apps,
      'ad sp list': () => principals,
      'ad app federated-credential list': () => credentials,
    };
    const answer = answers[command];
    if (answer) return Promise.resolve(answer());
    changes.push(command);
    if (command === 'ad app create')
      return Promise.resolve({ appId: APP, audience: option('--sign-in-audience') });
    if (command === 'ad app federated-credential create') {
      credential = JSON.parse(readFileSync(option('--parameters').slice(1), 'utf8'));
    }
    return Promise.resolve(undefined);
  };
  return { az, changes, credential: () => credential };
}

suite('registerApp', () => {
  test('makes the registration, its principal and a credential that trusts the identity', async () => {
    const { az, changes, credential } = fakeAz();
    assert.deepEqual(await registerApp(az, registration), { appId: APP });
    assert.deepEqual(changes, ['ad app create', 'ad sp create', 'ad app federated-credential create']);
    assert.deepEqual(credential(), {
      name: 'ehr-purview-pipeline',
      issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      subject: IDENTITY,
      audiences: ['api://AzureADTokenExchange'],
    });
  });

  test('changes nothing when run again', async () => {
    const { az, changes } = fakeAz({
      apps: [{ appId: APP, displayName: registration.displayName }],
      principals: [{}],
      credentials: [
        {
          name: 'ehr-purview-pipeline',
          issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
          subject: IDENTITY,
        },
      ],
    });
    await registerApp(az, registration);
    assert.deepEqual(changes, []);
  });

  test('moves the trust to a new identity', async () => {
    const { az, changes } = fakeAz({
      apps: [{ appId: APP, displayName: registration.displayName }],
      principals: [{}],
      credentials: [{ name: 'ehr-purview-pipeline', issuer: 'https://old', subject: 'old' }],
    });
    await registerApp(az, registration);
    assert.deepEqual(changes, ['ad app federated-credential delete', 'ad app federated-credential create']);
  });

  test('names the page on which an administrator of another tenant admits the app', async () => {
    const { az } = fakeAz();
    const { adminConsentUrl } = await registerApp(az, { ...registration, tenantId: OTHER_TENANT });
    assert.equal(
      adminConsentUrl,
      `https://login.microsoftonline.com/${OTHER_TENANT}/adminconsent?client_id=${APP}`,
    );
  });

  test('refuses to federate across clouds, before anything is made', async () => {
    const { az, changes } = fakeAz();
    await assert.rejects(
      registerApp(az, { ...registration, cloud: 'gcchigh' }),
      /never federate across clouds/u,
    );
    assert.deepEqual(changes, []);
  });

  test('uses the audience of Azure Government there', async () => {
    const { az, credential } = fakeAz({ environmentName: 'AzureUSGovernment' });
    await registerApp(az, { ...registration, cloud: 'dod' });
    assert.deepEqual((credential() as { issuer: string; audiences: string[] }).audiences, [
      'api://AzureADTokenExchangeUSGov',
    ]);
  });

  test('does not guess between two registrations of one name', async () => {
    const twin = { appId: APP, displayName: registration.displayName };
    const { az } = fakeAz({ apps: [twin, twin] });
    await assert.rejects(registerApp(az, registration), /2 app registrations/u);
  });
});

suite('subscribeWebhook', () => {
  const deployment = { resourceGroup: 'rg', appName: 'app', topicName: 'topic', dataAccountName: 'data' };

  test('waits for the key, then deploys the subscription without the key in its arguments', async () => {
    const calls: string[][] = [];
    let asked = 0;
    const az: Az = (args) => {
      calls.push([...args]);
      if (args[0] !== 'functionapp') return Promise.resolve(undefined);
      asked += 1;
      return Promise.resolve({ systemKeys: asked < 3 ? {} : { blobs_extension: 'value-of-the-key' } });
    };
    await subscribeWebhook(az, deployment, () => Promise.resolve());
    assert.equal(asked, 3);
    const last = calls.at(-1)?.join(' ') ?? '';
    assert.match(last, /^deployment group create .*infra\/webhook\.bicep/u);
    assert.doesNotMatch(last, /value-of-the-key/u);
  });

  test('gives up when the key never comes, and says what to look at', async () => {
    const az: Az = () => Promise.resolve({ systemKeys: {} });
    await assert.rejects(
      subscribeWebhook(az, deployment, () => Promise.resolve()),
      /no key blobs_extension after 10 minutes/u,
    );
  });
});
