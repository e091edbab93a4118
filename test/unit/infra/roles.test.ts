import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { readBicep, textOf, type Value } from '../../support/bicep.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/**
 * Data actions of Azure's built-in roles, as far as they matter here, each kind from the narrowest to the widest.
 * Source: Microsoft Learn, "Azure built-in roles for Storage" and "… for Security".
 */
const BUILT_IN_ROLES = {
  blob: [
    { id: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', name: 'Storage Blob Data Reader', actions: ['read'] },
    {
      id: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
      name: 'Storage Blob Data Contributor',
      actions: ['read', 'write', 'delete', 'move', 'add'],
    },
  ],
  queue: [
    { id: '19e7f393-937e-4f77-808e-94535e297925', name: 'Storage Queue Data Reader', actions: ['read'] },
    {
      id: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a',
      name: 'Storage Queue Data Message Sender',
      actions: ['add'],
    },
    {
      id: '8a0f0c08-91a1-4084-bc3d-661d67233fed',
      name: 'Storage Queue Data Message Processor',
      actions: ['read', 'process'],
    },
    {
      id: '974c5e8b-45b9-4653-ba55-5f855dd0fb88',
      name: 'Storage Queue Data Contributor',
      actions: ['read', 'write', 'delete', 'add', 'process'],
    },
  ],
  table: [
    { id: '76199698-9eea-4c19-bc75-cec21354c6b6', name: 'Storage Table Data Reader', actions: ['read'] },
    {
      id: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
      name: 'Storage Table Data Contributor',
      actions: ['read', 'write', 'delete', 'add', 'update'],
    },
  ],
  vault: [
    { id: '4633458b-17de-408a-b874-0445c86b69e6', name: 'Key Vault Secrets User', actions: ['getSecret'] },
  ],
} as const;
type Kind = keyof typeof BUILT_IN_ROLES;

/** Data action that each call of an SDK client needs; a call that is not here fails the test below. */
const CALLS: Readonly<Record<string, { kind: Kind; action: string }>> = {
  getProperties: { kind: 'blob', action: 'read' },
  listBlobsFlat: { kind: 'blob', action: 'read' },
  createSnapshot: { kind: 'blob', action: 'write' },
  beginCopyFromURL: { kind: 'blob', action: 'write' },
  upload: { kind: 'blob', action: 'write' },
  stageBlock: { kind: 'blob', action: 'write' },
  commitBlockList: { kind: 'blob', action: 'write' },
  deleteIfExists: { kind: 'blob', action: 'delete' },
  sendMessage: { kind: 'queue', action: 'add' },
  getEntity: { kind: 'table', action: 'read' },
  listEntities: { kind: 'table', action: 'read' },
  createEntity: { kind: 'table', action: 'add' },
  submitTransaction: { kind: 'table', action: 'add' },
  updateEntity: { kind: 'table', action: 'update' },
  deleteEntity: { kind: 'table', action: 'delete' },
  getSecret: { kind: 'vault', action: 'getSecret' },
};

/** Methods of SDK clients that no role is needed for: they only make another client or read an answer. */
const FREE_CALLS = new Set([
  'getContainerClient',
  'getBlockBlobClient',
  'getQueueClient',
  'withSnapshot',
  'byPage',
  'pollUntilDone',
]);

/** Calls that make containers, queues and tables on one machine; in Azure the template has made them. */
const LOCAL_CALLS = new Set(['createTable', 'createIfNotExists']);

/** What the Functions host does for a queue trigger: take, renew the invisibility, delete; write to the poison queue. */
const HOST_QUEUE_ACTIONS = ['read', 'process', 'write', 'delete', 'add'];

const SOURCE = ['shared/**/*.ts', 'functions/**/*.ts'];
const SDK = /'@azure\/(?:storage-blob|storage-queue|data-tables|keyvault-\w+)'/u;
const SDK_METHOD =
  /\.((?:get|list|create|begin|update|delete|upsert|submit|send|receive|peek|clear|stage|commit|upload|download|append|set|sync|start|abort|with|by|poll|generate)[A-Z]\w*|upload|download|delete|exists)\(/gu;

function callsOfCode(): Set<string> {
  const calls = new Set<string>();
  for (const path of globSync(SOURCE, { cwd: ROOT })) {
    const text = readFileSync(join(ROOT, path), 'utf8');
    if (!SDK.test(text)) continue;
    for (const [, name = ''] of text.matchAll(SDK_METHOD)) calls.add(name);
  }
  return calls;
}

/** Methods of JavaScript's own objects and of ours that look like an SDK's. */
const OTHER_METHODS = new Set(['getTime', 'getToken', 'delete']);

suite('Roles', () => {
  test('the table of calls holds every call of an SDK client in the code', () => {
    const known = new Set([...Object.keys(CALLS), ...FREE_CALLS, ...LOCAL_CALLS, ...OTHER_METHODS]);
    const calls = callsOfCode();
    assert.deepEqual(
      [...calls].filter((name) => !known.has(name)),
      [],
      'Say in CALLS which data action it needs; widen a role only if the table demands it.',
    );
    assert.deepEqual(
      Object.keys(CALLS).filter((name) => !calls.has(name)),
      [],
      'Nobody makes this call any more: take it out and look whether a narrower role will do.',
    );
  });

  test('each role on the data account is the narrowest that holds what code and host do', async () => {
    const granted = await grants('infra/modules/roles.bicep');
    assert.deepEqual(granted.get('blobContainers[i]'), [narrowest('blob')]);
    assert.deepEqual(granted.get('dataQueues[i]'), [narrowest('queue', HOST_QUEUE_ACTIONS)]);
    assert.deepEqual(granted.get('dataTables[i]'), [narrowest('table')]);
    assert.deepEqual(granted.get('vault'), [narrowest('vault')]);
  });

  test("nothing else is granted to the pipeline than telemetry and its host's own account", async () => {
    const granted = await grants('infra/modules/roles.bicep');
    assert.deepEqual(
      new Set(granted.keys()),
      new Set([
        'blobContainers[i]',
        'auditContainers[i]',
        'dataQueues[i]',
        'dataTables[i]',
        'vault',
        'hostAccount',
        'component',
      ]),
    );
    assert.deepEqual(granted.get('component'), ['3913510d-42f4-4e42-8a64-420c390055eb']);
  });

  test('Event Grid may put events on one queue and dead letters into one container', async () => {
    const granted = await grants('infra/modules/topic.bicep');
    assert.deepEqual(
      granted,
      new Map([
        ['eventQueue', ['c6a89b2d-59bc-44d0-9896-0f6e12d7b80a']],
        ['deadLetters', ['ba92f5b4-2d11-453d-a403-e96b0029c9fe']],
      ]),
    );
  });

  test('whoever delivers exports puts blobs in, and neither reads, lists nor deletes any', async () => {
    const { resources } = await readBicep(join(ROOT, 'infra/modules/containerAccess.bicep'));
    const [role, ...more] = resources.filter(
      ({ type }) => type === 'Microsoft.Authorization/roleDefinitions',
    );
    assert.ok(role && more.length === 0);
    const blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs';
    const { properties } = role.body as { properties: Record<string, Value> };
    assert.deepEqual(properties['permissions'], [
      { actions: [], dataActions: [`${blobs}/add/action`, `${blobs}/write`] },
    ]);
    const access = readFileSync(join(ROOT, 'infra/modules/access.bicep'), 'utf8');
    const given = [...access.matchAll(/containerName: '([\w-]+)'\n\s+access: '(\w+)'/gu)].map(
      ([, container, access]) => [container, access],
    );
    assert.deepEqual(given, [
      ['exports', 'put'],
      ['status', 'read'],
      ['quarantine', 'read'],
    ]);
  });

  test('a topic that is taken over meets the assignments that it has', async () => {
    const { resources } = await readBicep(join(ROOT, 'infra/modules/topic.bicep'));
    const names = resources
      .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
      .map(({ body }) => textOf((body as { name: Value }).name));
    assert.equal(names.length, 2);
    for (const name of names) assert.match(name, /^guid\(\w+\.id, topicName, roles\.\w+\)$/u);
  });

  test('of a FHIR service only patients and the audit log are read', async () => {
    const granted = await grants('infra/modules/roles.bicep');
    assert.deepEqual(granted.get('auditContainers[i]'), ['2a2b9908-6ea1-4ae2-8e65-a410df84e7d1']);
    const { resources, variables } = await readBicep(join(ROOT, 'infra/modules/fhir.bicep'));
    const [assignment, ...more] = resources.filter(
      ({ type }) => type === 'Microsoft.Authorization/roleAssignments',
    );
    assert.ok(assignment && more.length === 0);
    assert.equal(textOf((assignment.body as { scope: Value }).scope), 'service');
    assert.equal(
      variables.find(({ name }) => name === 'fhirReader')?.value,
      '4c8d0bbc-75d3-4935-991f-5f3c56d81508',
    );
  });

  test('no role is assigned to a resource group, a subscription or the whole data account', async () => {
    for (const path of globSync('infra/**/*.bicep', { cwd: ROOT })) {
      const { resources } = await readBicep(join(ROOT, path));
      for (const { type, body, name } of resources) {
        if (type !== 'Microsoft.Authorization/roleAssignments') continue;
        const { scope } = body as { scope?: Value };
        assert.ok(
          scope !== undefined,
          `${name} in ${path} has no scope: it would hold for the resource group.`,
        );
        assert.notEqual(textOf(scope), 'account', `${name} in ${path}`);
      }
    }
  });
});

function narrowest(kind: Kind, more: readonly string[] = []): string {
  const needed = new Set([
    ...[...callsOfCode()].flatMap((name) => (CALLS[name]?.kind === kind ? [CALLS[name].action] : [])),
    ...more,
  ]);
  const fitting = BUILT_IN_ROLES[kind].find(({ actions }) =>
    [...needed].every((action) => (actions as readonly string[]).includes(action)),
  );
  assert.ok(fitting, `No built-in role holds ${[...needed].join(', ')}.`);
  return fitting.id;
}

/** Ids of the roles that a file assigns, by the scope as written. */
async function grants(path: string): Promise<Map<string, string[]>> {
  const { resources, variables } = await readBicep(join(ROOT, path));
  const ids = variables.find(({ name }) => name === 'roles')?.value as Record<string, string>;
  const lists = new Map(variables.map(({ name, value }) => [name, value]));
  const granted = new Map<string, string[]>();
  for (const { type, body } of resources) {
    if (type !== 'Microsoft.Authorization/roleAssignments') continue;
    const { scope, properties } = body as { scope: Value; properties: { roleDefinitionId: Value } };
    const role = /, ([\w.]+)\)$/u.exec(textOf(properties.roleDefinitionId))?.[1] ?? '';
    const names = role === 'role' ? (lists.get('hostRoles') as Value[]).map(textOf) : [role];
    const key = textOf(scope);
    granted.set(key, [
      ...(granted.get(key) ?? []),
      ...names.map((name) => ids[name.split('.')[1] ?? ''] ?? name),
    ]);
  }
  return granted;
}
