import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { appSettings } from '../../../shared/config/config.ts';
import { connectorSettings } from '../../../shared/config/connectorSettings.ts';
import * as settingTables from '../../../shared/config/settings.ts';
import { AUDIT_CONTAINER } from '../../../shared/fhir/auditBlobs.ts';
import { CONTAINERS, QUEUES, TABLES } from '../../../shared/ledger/model.ts';
import { assignedParams, type BicepFile, readBicep, textOf, type Value } from '../../support/bicep.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const paths = globSync('infra/**/*.bicep', { cwd: ROOT }).toSorted();
const files = new Map<string, BicepFile>();
for (const path of paths) files.set(path, await readBicep(join(ROOT, path)));

const fileOf = (path: string): BicepFile => {
  const file = files.get(path);
  assert.ok(file, `${path} is missing.`);
  return file;
};
const variable = (path: string, name: string): Value => {
  const found = fileOf(path).variables.find((each) => each.name === name);
  assert.ok(found?.value !== undefined, `${path} has no variable ${name}.`);
  return found.value;
};

const isObject = (value: Value | undefined): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !('expression' in value);
/** The object that a parameter is given: written there, in a variable, or an output of another module. */
function objectOf(path: string, { variables, modules }: BicepFile, value: Value): Value | undefined {
  if (isObject(value)) return value;
  const text = textOf(value);
  const [, module, output] = /^(\w+)\.outputs\.(\w+)$/u.exec(text) ?? [];
  const from = modules.find(({ name }) => name === module);
  const found =
    from === undefined
      ? variables.find(({ name }) => name === text)
      : fileOf(join(path, '..', from.path)).outputs.find(({ name }) => name === output);
  return isObject(found?.value) ? found.value : undefined;
}

const keysOf = (value: Value): string[] =>
  typeof value === 'object' && value !== null ? Object.keys(value) : [];

suite('Every Bicep file', () => {
  for (const [path, file] of files) {
    test(`${path} can be read, and says what each parameter and output is`, () => {
      assert.deepEqual(file.errors, []);
      for (const { name, description } of [...file.params, ...file.outputs]) {
        assert.ok(description, `${name} has no description.`);
      }
    });
  }

  test('gives each of its modules the parameters that it has, and all that it needs', () => {
    for (const [path, { modules }] of files) {
      for (const { name, path: modulePath, body } of modules) {
        const { params } = fileOf(join(path, '..', modulePath));
        const given = keysOf((body as { params: Value }).params);
        const known = params.map((param) => param.name);
        const needed = params.filter(({ value }) => value === undefined).map((param) => param.name);
        assert.deepEqual(
          given.filter((each) => !known.includes(each)),
          [],
          `${name} in ${path}`,
        );
        assert.deepEqual(
          needed.filter((each) => !given.includes(each)),
          [],
          `${name} in ${path}`,
        );
      }
    }
  });

  test('gives each object the properties that the module takes from it', () => {
    let objects = 0;
    for (const [path, file] of files) {
      for (const { name, path: modulePath, body } of file.modules) {
        const target = join(path, '..', modulePath);
        const text = readFileSync(join(ROOT, target), 'utf8').replaceAll(/^ *\/\/.*$/gmu, '');
        for (const [param, value] of Object.entries((body as { params: Record<string, Value> }).params)) {
          const given = objectOf(path, file, value);
          if (given === undefined) continue;
          objects++;
          const taken = [...text.matchAll(new RegExp(`(?<![\\w.'])${param}\\.(\\w+)`, 'gu'))].map(
            ([, key]) => key ?? '',
          );
          const lacking = taken.filter((key) => !keysOf(given).includes(key));
          assert.deepEqual(lacking, [], `${param} of ${name} in ${path}`);
          // What was written for this module alone is for it as a whole.
          if (given === value && !text.includes(`: ${param}\n`))
            assert.deepEqual(new Set(keysOf(given)), new Set(taken), `${param} of ${name} in ${path}`);
        }
      }
    }
    assert.ok(objects > 12);
  });

  test('has a reason to be longer than 300 lines, and none is longer than 350', () => {
    const long = paths.filter((path) => readFileSync(join(ROOT, path), 'utf8').split('\n').length > 301);
    assert.deepEqual(long, ['infra/main.bicep'], 'each parameter says what it does');
    assert.ok(readFileSync(join(ROOT, 'infra/main.bicep'), 'utf8').split('\n').length <= 351);
  });

  test('is used', () => {
    const roots = ['infra/main.bicep', 'infra/webhook.bicep'];
    const used = [...files].flatMap(([path, { modules }]) =>
      modules.map((each) => join(path, '..', each.path)),
    );
    assert.deepEqual(new Set([...used, ...roots]), new Set(paths));
  });
});

test('Parameter files assign parameters that exist, and all without a default', () => {
  const { params } = fileOf('infra/main.bicep');
  const known = params.map(({ name }) => name);
  const needed = params.filter(({ value }) => value === undefined).map(({ name }) => name);
  const parameterFiles = globSync('infra/**/*.bicepparam', { cwd: ROOT });
  assert.ok(parameterFiles.length >= 4);
  for (const path of parameterFiles) {
    const assigned = assignedParams(join(ROOT, path));
    assert.deepEqual(
      assigned.filter((name) => !known.includes(name)),
      [],
      path,
    );
    assert.deepEqual(
      needed.filter((name) => !assigned.includes(name)),
      [],
      path,
    );
  }
});

suite('Names are those of the code:', () => {
  const inAzure = new Set<string>(Object.values(CONTAINERS));

  test('tables', () => {
    assert.deepEqual(variable('infra/modules/landing.bicep', 'pipelineTables'), Object.values(TABLES));
  });

  test('containers', () => {
    assert.deepEqual(
      new Set(variable('infra/modules/landing.bicep', 'pipelineContainers') as string[]),
      inAzure,
    );
  });

  test('queues, each that is received from with its poison queue, and that of the blob trigger', () => {
    const received = [QUEUES.chunks, QUEUES.poison, QUEUES.blobEvents];
    const expected = new Set([
      ...Object.values(QUEUES),
      ...received.map((name) => `${name}-poison`),
      'webjobs-blobtrigger-poison',
    ]);
    assert.deepEqual(
      new Set(variable('infra/modules/landing.bicep', 'pipelineQueues') as string[]),
      expected,
    );
  });

  test('what Event Grid delivers to and what replicas are counted by', () => {
    const subscription = readFileSync(join(ROOT, 'infra/modules/subscription.bicep'), 'utf8');
    assert.ok(subscription.includes(`queueName: '${QUEUES.blobEvents}'`));
    assert.ok(subscription.includes(`/containers/${CONTAINERS.exports}/blobs/'`));
    assert.deepEqual(variable('infra/modules/containerApp.bicep', 'queues'), [
      QUEUES.chunks,
      QUEUES.poison,
      QUEUES.blobEvents,
    ]);
  });

  test('folders that age', () => {
    const ages = variable('infra/modules/lifecycle.bicep', 'ages') as { name: string }[];
    const platform = ['dead-letters', AUDIT_CONTAINER];
    const own = ages.map(({ name }) => name).filter((name) => !platform.includes(name));
    assert.deepEqual(
      new Set([CONTAINERS.exports, ...own]),
      inAzure,
      'a container whose blobs are never deleted',
    );
  });
});

/** Settings that the Functions host or the platform reads, not our code. */
const PLATFORM_SETTINGS = new Set([
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__queueServiceUri',
  'AzureWebJobsStorage__tableServiceUri',
  'AzureWebJobsStorage__credential',
  'AzureWebJobsStorage__clientId',
  'ExportStorage__credential',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
  // Read by the C library.
  'MALLOC_ARENA_MAX',
]);

/** Settings without a default that the template leaves out on purpose; `settings` of main.bicep can still set them. */
const LEFT_OUT = new Map([
  ['ExportStorage', 'a connection string holds a key; Azure signs in with the identity'],
  ['FHIR_HEADER_KEYS', 'keys belong in the vault: FHIR_KEY_SECRET_NAME'],
  ['FHIR_TOKEN', 'for this machine only'],
  ['SECRET', 'a secret belongs in the vault: SECRET_NAME'],
  ['CERTIFICATE', 'a private key belongs in the vault: SECRET_NAME'],
  ['TOKEN', 'for this machine only'],
  ['URL', 'follows from CLOUD'],
  ['ALLOWED_HOST', 'follows from CLOUD'],
  ['AUTHORITY', 'follows from CLOUD'],
  ['AUTHORITY_CA', 'for this machine only'],
]);

suite('Settings are those of the code:', () => {
  const names = (name: string): string[] =>
    (variable('infra/modules/settings.bicep', name) as { name: Value }[]).map((each) => textOf(each.name));
  const set = [...names('base'), ...names('signIn'), ...names('fhirSettings')];
  const perConnector = names('connectorSettings').map((name) =>
    name.replace(/^.*\}_/u, '').replaceAll("'", ''),
  );
  const declared = Object.values({ ...settingTables, appSettings }).flatMap((table) => Object.values(table));

  test('what the template sets is read', () => {
    const read = new Set([...declared.map(({ name }) => name), ...PLATFORM_SETTINGS]);
    assert.deepEqual(
      set.filter((name) => !read.has(name)),
      [],
    );
    const readPerConnector = new Set(Object.values(connectorSettings).map(({ name }) => name as string));
    assert.deepEqual(
      perConnector.filter((name) => !readPerConnector.has(name)),
      [],
    );
  });

  test('what is read is set, or has a default, or is left out for a reason', () => {
    const given = new Set([...set, ...LEFT_OUT.keys()]);
    assert.deepEqual(
      declared
        .filter(({ name, fallback }) => fallback === undefined && !given.has(name))
        .map(({ name }) => name),
      [],
    );
    const givenPerConnector = new Set([...perConnector, ...LEFT_OUT.keys()]);
    assert.deepEqual(
      Object.values(connectorSettings)
        .filter(({ name, fallback }) => fallback === undefined && !givenPerConnector.has(name))
        .map(({ name }) => name),
      [],
    );
  });

  test('a setting that a trigger names in its binding is set', () => {
    const named = globSync('functions/*.ts', { cwd: ROOT }).flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(/%([A-Z_]+)%/gu)].map(([, name = '']) => name),
    );
    assert.deepEqual(
      named.filter((name) => !set.includes(name)),
      [],
      'A function whose binding names a setting that is not set does not load.',
    );
  });
});
