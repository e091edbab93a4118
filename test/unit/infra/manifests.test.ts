import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ajv } from 'ajv';
import { appSettings } from '../../../shared/config/config.ts';
import { connectorSettings } from '../../../shared/config/connectorSettings.ts';
import * as settingTables from '../../../shared/config/settings.ts';
import { QUEUES } from '../../../shared/ledger/model.ts';
import { readYaml } from '../../support/yamlFiles.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FOLDER = join(ROOT, 'deploy', 'kubernetes');

type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Record<string, unknown>;
  readonly data: Record<string, string>;
};
const paths = globSync('*.yaml', { cwd: FOLDER }).toSorted();
const manifests = paths
  .filter((path) => path !== 'kustomization.yaml')
  .flatMap((path) => readYaml(join(FOLDER, path)) as Manifest[]);
const one = (kind: string): Manifest => {
  const [found, ...more] = manifests.filter((each) => each.kind === kind);
  assert.ok(found && more.length === 0, `${kind}: ${more.length} too many, or none.`);
  return found;
};
const check = (schema: object, value: unknown): void => {
  const ajv = new Ajv({ allErrors: true });
  const valid = ajv.validate(schema, value);
  assert.ok(valid, ajv.errorsText());
};

suite('Kubernetes manifests', () => {
  test('every file is part of the kustomization, and every object of the namespace', () => {
    const [{ resources, namespace }] = readYaml(join(FOLDER, 'kustomization.yaml')) as [
      { resources: string[]; namespace: string },
    ];
    assert.deepEqual(new Set([...resources, 'kustomization.yaml']), new Set(paths));
    for (const { kind, metadata } of manifests) {
      if (kind !== 'Namespace') assert.equal(metadata.namespace, namespace, `${kind} ${metadata.name}`);
    }
  });

  test('replicas are counted by visible messages of the queues that the app receives from', () => {
    const trigger = (queueName: string) => ({
      type: 'object',
      properties: {
        type: { const: 'azure-queue' },
        metadata: {
          type: 'object',
          properties: {
            queueName: { const: queueName },
            queueLengthStrategy: { const: 'visibleonly' },
            queueLength: { type: 'string', pattern: '^[0-9]+$' },
          },
          required: ['accountName', 'queueName', 'queueLength', 'queueLengthStrategy'],
        },
        authenticationRef: { type: 'object', required: ['name'] },
      },
      required: ['type', 'metadata', 'authenticationRef'],
    });
    check(
      {
        type: 'object',
        properties: {
          minReplicaCount: { type: 'integer', minimum: 1 },
          triggers: {
            type: 'array',
            items: [QUEUES.chunks, QUEUES.poison, QUEUES.blobEvents].map(trigger),
            minItems: 3,
            maxItems: 3,
            additionalItems: false,
          },
        },
        required: ['scaleTargetRef', 'minReplicaCount', 'triggers'],
      },
      one('ScaledObject').spec,
    );
    assert.deepEqual(one('ScaledObject').spec['scaleTargetRef'], { name: one('Deployment').metadata.name });
  });

  test('one replica takes from the queue what KEDA counts for one', () => {
    const { extensions } = JSON.parse(readFileSync(join(ROOT, 'host.json'), 'utf8')) as {
      extensions: { queues: { batchSize: number } };
    };
    const triggers = one('ScaledObject').spec['triggers'] as { metadata: { queueLength: string } }[];
    for (const { metadata } of triggers) {
      assert.equal(metadata.queueLength, String(extensions.queues.batchSize));
    }
  });

  test('the pod runs without root, without privileges and on a read-only file system', () => {
    const container = {
      type: 'object',
      properties: {
        securityContext: {
          type: 'object',
          properties: {
            allowPrivilegeEscalation: { const: false },
            readOnlyRootFilesystem: { const: true },
            capabilities: { type: 'object', properties: { drop: { const: ['ALL'] } }, required: ['drop'] },
          },
          required: ['allowPrivilegeEscalation', 'readOnlyRootFilesystem', 'capabilities'],
        },
        resources: { type: 'object', required: ['requests', 'limits'] },
      },
      required: ['securityContext', 'resources', 'livenessProbe', 'readinessProbe'],
    };
    check(
      {
        type: 'object',
        properties: {
          securityContext: {
            type: 'object',
            properties: { runAsNonRoot: { const: true }, runAsUser: { type: 'integer', minimum: 10_000 } },
            required: ['runAsNonRoot', 'runAsUser', 'seccompProfile'],
          },
          containers: { type: 'array', items: container, minItems: 1 },
        },
        required: ['securityContext', 'containers', 'terminationGracePeriodSeconds'],
      },
      (one('Deployment').spec['template'] as { spec: unknown }).spec,
    );
  });

  test('the settings are ones that the app or its host reads', () => {
    const tables = Object.values({ ...settingTables, appSettings });
    const names = new Set(tables.flatMap((table) => Object.values(table).map(({ name }) => name as string)));
    const perConnector = Object.values(connectorSettings).map(({ name }) => `CONNECTOR_HEALTHCARE_${name}`);
    const host = /^AzureWebJobsStorage__(?:blob|queue|table)ServiceUri$/u;
    assert.deepEqual(
      Object.keys(one('ConfigMap').data).filter(
        (name) => !names.has(name) && !perConnector.includes(name) && !host.test(name),
      ),
      [],
    );
  });
});

suite('Dockerfile', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const argumentsOf = (instruction: string): string[] =>
    lines
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1));

  test('holds instructions that Docker knows, with one base of its own', () => {
    const known = ['FROM', 'LABEL', 'ENV', 'COPY', 'USER', 'EXPOSE', 'HEALTHCHECK'];
    assert.deepEqual(
      lines.filter((line) => !known.includes(line.split(' ', 1)[0] ?? '')),
      [],
    );
    assert.deepEqual(argumentsOf('FROM'), ['mcr.microsoft.com/azure-functions/node:4-node22']);
  });

  test('takes in the package and nothing else, and runs without root', () => {
    assert.deepEqual(argumentsOf('COPY'), ['--chown=10001:10001 dist/package/ /home/site/wwwroot/']);
    assert.deepEqual(argumentsOf('USER'), ['10001:10001']);
    assert.equal(readFileSync(join(ROOT, '.dockerignore'), 'utf8'), '*\n!dist/package\n');
  });

  test('names its host, so that all replicas share timers and leases; each would else have an id of its own', () => {
    const [, hostId = ''] = /AzureFunctionsWebHost__hostid=(\S+)/u.exec(argumentsOf('ENV')[0] ?? '') ?? [];
    assert.match(hostId, /^[a-z\d](?:[a-z\d]|-(?=[a-z\d])){0,31}$/u);
  });

  test('listens where manifests and Container Apps expect it', () => {
    const [port] = argumentsOf('EXPOSE');
    assert.ok(argumentsOf('ENV')[0]?.includes(`ASPNETCORE_URLS=http://+:${port}`));
    const deployment = JSON.stringify(one('Deployment'));
    assert.ok(deployment.includes(`"containerPort":${port}`));
    const bicep = readFileSync(join(ROOT, 'infra/modules/containerApp.bicep'), 'utf8');
    assert.ok(bicep.includes(`targetPort: ${port}`));
  });
});
