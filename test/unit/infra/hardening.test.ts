import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type BicepFile, readBicep, textOf, type Value } from '../../support/bicep.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const resources: { path: string; resource: BicepFile['resources'][number] }[] = [];
for (const path of globSync('infra/**/*.bicep', { cwd: ROOT }).toSorted()) {
  const file = await readBicep(join(ROOT, path));
  resources.push(...file.resources.map((resource) => ({ path, resource })));
}

/** Bodies of the resources of one type that the template makes. */
function made(type: string): Record<string, Value>[] {
  const found = resources.filter(({ resource }) => resource.type === type && !resource.existing);
  assert.ok(found.length > 0, `No ${type} is made.`);
  return found.map(({ resource }) => resource.body as Record<string, Value>);
}

/** The value at a path of property names. */
const at = (body: Value, path: string): Value | undefined =>
  path
    .split('.')
    .reduce<Value | undefined>(
      (value, key) =>
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? (value as Record<string, Value>)[key]
          : undefined,
      body,
    );

const must = (type: string, expected: Record<string, Value>): void => {
  for (const body of made(type)) {
    for (const [path, value] of Object.entries(expected)) {
      assert.deepEqual(at(body, path), value, `${textOf(body['name'])}: ${path}`);
    }
  }
};

suite('The template', () => {
  test('makes storage accounts without keys, without public blobs, closed by default', () => {
    must('Microsoft.Storage/storageAccounts', {
      'properties.allowSharedKeyAccess': false,
      'properties.allowBlobPublicAccess': false,
      'properties.allowCrossTenantReplication': false,
      'properties.defaultToOAuthAuthentication': true,
      'properties.minimumTlsVersion': 'TLS1_2',
      'properties.supportsHttpsTrafficOnly': true,
      'properties.networkAcls.defaultAction': 'Deny',
      'properties.publicNetworkAccess': { expression: `private ? 'Disabled' : 'Enabled'` },
    });
    must('Microsoft.Storage/storageAccounts/blobServices/containers', { 'properties.publicAccess': 'None' });
  });

  test('brings deleted exports back, and keeps the vault from being purged', () => {
    must('Microsoft.Storage/storageAccounts/blobServices', {
      'properties.deleteRetentionPolicy.enabled': true,
    });
    must('Microsoft.KeyVault/vaults', {
      'properties.enableRbacAuthorization': true,
      'properties.enableSoftDelete': true,
      'properties.enablePurgeProtection': true,
      'properties.networkAcls.defaultAction': 'Deny',
    });
  });

  test('admits no passwords to the app, and nothing but TLS', () => {
    must('Microsoft.Web/sites', {
      'properties.httpsOnly': true,
      'properties.siteConfig.minTlsVersion': '1.2',
      'properties.siteConfig.scmMinTlsVersion': '1.2',
      'properties.siteConfig.ftpsState': 'Disabled',
      'properties.siteConfig.remoteDebuggingEnabled': false,
      'identity.type': 'UserAssigned',
    });
    must('Microsoft.Web/sites/basicPublishingCredentialsPolicies', { 'properties.allow': false });
    assert.equal(made('Microsoft.Web/sites/basicPublishingCredentialsPolicies').length, 2);
  });

  test('leaves nothing out of the sign-in but the webhook, and that only where events come by it', () => {
    const [signIn] = made('Microsoft.Web/sites/config');
    assert.match(
      textOf(at(signIn ?? null, 'properties.globalValidation.excludedPaths')),
      /^byWebhook \? \[\s*'\/runtime\/webhooks\/blobs'\s*\] : \[\]$/u,
    );
  });

  test('logs who changes the deployed code, and what a container writes before it can log', () => {
    const scopes = made('Microsoft.Insights/diagnosticSettings').map(({ scope }) => textOf(scope));
    for (const scope of ['hostBlobs', 'containers', 'blobs', 'vault'])
      assert.ok(scopes.includes(scope), scope);
  });

  test('lets the network, and no one else, open the status page of a closed container environment', () => {
    must('Microsoft.App/managedEnvironments', {
      'properties.vnetConfiguration.internal': { expression: 'private' },
      'properties.publicNetworkAccess': { expression: `private ? 'Disabled' : 'Enabled'` },
    });
    must('Microsoft.App/containerApps', { 'properties.configuration.ingress.external': true });
  });

  test('takes telemetry from the identity only', () => {
    must('Microsoft.Insights/components', { 'properties.DisableLocalAuth': true });
  });

  test('lets an SFTP user in with a key only, and without reading', async () => {
    must('Microsoft.Storage/storageAccounts/localUsers', {
      'properties.hasSharedKey': false,
      'properties.hasSshPassword': false,
    });
    const { params } = await readBicep(join(ROOT, 'infra/modules/sftpUser.bicep'));
    const permissions = params.find(({ name }) => name === 'permissions')?.value;
    assert.doesNotMatch(textOf(permissions), /r/u);
  });

  test('subscribes to whole blobs of the container exports, delivers by identity and never lets a message expire', () => {
    const path = 'infra/modules/subscription.bicep';
    const [subscription] = resources.filter((each) => each.path === path && !each.resource.existing);
    const properties = at(subscription?.resource.body ?? null, 'properties.filter') ?? null;
    assert.deepEqual(at(properties, 'includedEventTypes'), ['Microsoft.Storage.BlobCreated']);
    assert.equal(at(properties, 'subjectBeginsWith'), '/blobServices/default/containers/exports/blobs/');
    assert.deepEqual(at(properties, 'advancedFilters'), [
      {
        operatorType: 'StringIn',
        key: 'data.api',
        values: ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose', 'SftpCommit'],
      },
    ]);
    const text = readFileSync(join(ROOT, path), 'utf8');
    assert.match(text, /queueMessageTimeToLiveInSeconds: -1/u);
    assert.match(text, /deliveryWithResourceIdentity: .*\n\s+identity/u);
    assert.match(text, /deadLetterWithResourceIdentity: .*\n\s+identity/u);
  });

  test('keeps a pin longer than a message can be delayed', () => {
    const main = readFileSync(join(ROOT, 'infra/main.bicep'), 'utf8');
    const [, least] = /@minValue\((\d+)\)\nparam pinDays int/u.exec(main) ?? [];
    assert.ok(Number(least) > 7, 'A queue delays a message by at most seven days.');
  });

  test('puts no value with a key or a secret out', async () => {
    for (const path of globSync('infra/**/*.bicep', { cwd: ROOT })) {
      const { outputs } = await readBicep(join(ROOT, path));
      for (const { name, value } of outputs) {
        assert.doesNotMatch(textOf(value), /list\w*\(|key|secret|password/iu, `${name} of ${path}`);
      }
    }
  });
});
