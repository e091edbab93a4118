import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { readYaml } from '../../support/yamlFiles.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FOLDER = join(ROOT, '.github', 'workflows');

type Step = { readonly uses?: string; readonly run?: string; readonly with?: Record<string, unknown> };
type Job = {
  readonly steps?: Step[];
  readonly 'timeout-minutes'?: number;
  readonly permissions?: Permissions;
};
type Permissions = Readonly<Record<string, string>>;
type Workflow = {
  readonly on: Record<string, unknown>;
  readonly permissions: Permissions;
  readonly jobs: Record<string, Job>;
};
const workflows = new Map(
  globSync('*.yml', { cwd: FOLDER })
    .toSorted()
    .map((name) => [name, readYaml(join(FOLDER, name))[0] as Workflow]),
);
const stepsOf = ({ jobs }: Workflow): Step[] => Object.values(jobs).flatMap(({ steps = [] }) => steps);

suite('Workflows', () => {
  test('are those that users need', () => {
    assert.deepEqual([...workflows.keys()], ['ci.yml', 'deploy.yml', 'release.yml', 'security.yml']);
  });

  for (const [name, workflow] of workflows) {
    test(`${name} uses actions by commit only, with the version beside it`, () => {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      for (const { uses } of stepsOf(workflow)) {
        if (uses === undefined) continue;
        assert.match(uses, /^[\w-]+\/[\w/-]+@[0-9a-f]{40}$/u);
        assert.match(text, new RegExp(`${uses} # v\\d+\\.\\d+\\.\\d+\\n`, 'u'));
      }
    });

    test(`${name} may read and no more, unless a job says why`, () => {
      assert.deepEqual(workflow.permissions, { contents: 'read' });
      const writes = Object.values(workflow.jobs).flatMap(({ permissions = {} }) =>
        Object.entries(permissions).flatMap(([scope, access]) => (access === 'write' ? [scope] : [])),
      );
      const allowed: Record<string, string[]> = {
        'deploy.yml': ['id-token'],
        'release.yml': ['contents', 'id-token', 'attestations'],
        'security.yml': ['security-events'],
      };
      assert.deepEqual(writes, allowed[name] ?? []);
    });

    test(`${name} keeps no token in the checkout, ends by itself and runs no stranger's words`, () => {
      assert.ok(!('pull_request_target' in workflow.on));
      for (const [job, { steps, 'timeout-minutes': timeout }] of Object.entries(workflow.jobs)) {
        if (steps === undefined) continue;
        assert.ok(timeout !== undefined && timeout <= 60, `${job} has no limit of time.`);
        for (const step of steps) {
          if (step.uses?.startsWith('actions/checkout@')) {
            assert.equal(step.with?.['persist-credentials'], false);
          }
          // An expression in a script is text put into a program: it goes by the environment instead.
          assert.doesNotMatch(step.run ?? '', /\$\{\{/u);
        }
      }
    });

    test(`${name} stores no secret`, () => {
      assert.doesNotMatch(readFileSync(join(FOLDER, name), 'utf8'), /secrets\./u);
    });
  }

  test('no job with more than reading rights installs a package, whose scripts would have them too', () => {
    let strong = 0;
    for (const [name, { jobs }] of workflows) {
      for (const [job, { permissions = {}, steps = [] }] of Object.entries(jobs)) {
        if (!Object.values(permissions).includes('write')) continue;
        strong += 1;
        for (const { run = '', with: options } of steps) {
          assert.doesNotMatch(run, /\b(?:npm|npx)\b/u, `${job} of ${name}`);
          assert.equal(options?.['cache'], undefined, `${job} of ${name}`);
        }
      }
    }
    assert.ok(strong >= 2);
  });

  test('what is released and deployed is what the job without rights has built', () => {
    const upload = JSON.stringify(workflows.get('ci.yml')?.jobs['package']);
    for (const file of ['dist/ehr-purview-pipeline-*.zip', 'dist/sbom.cdx.json']) {
      assert.ok(upload.includes(file), file);
    }
    for (const [name, job] of [
      ['deploy.yml', 'deploy'],
      ['release.yml', 'release'],
    ] as const) {
      const steps = workflows.get(name)?.jobs[job]?.steps ?? [];
      const download = steps.find(({ uses }) => uses?.startsWith('actions/download-artifact@'));
      assert.deepEqual(download?.with, { name: 'package', path: 'dist' });
    }
  });

  test('scripts of the deployment need no package', () => {
    for (const path of globSync('infra/scripts/*.ts', { cwd: ROOT })) {
      const text = readFileSync(join(ROOT, path), 'utf8');
      for (const [, module = ''] of text.matchAll(/ from '([^']+)'/gu)) {
        assert.match(module, /^(?:node:|\.)/u, path);
      }
    }
  });

  test('an environment that is closed can be deployed from a runner of its own, or from addresses that it names', () => {
    const text = readFileSync(join(FOLDER, 'deploy.yml'), 'utf8');
    assert.match(text, /runs-on: \$\{\{ vars\.RUNNER \|\| 'ubuntu-latest' \}\}/u);
    const read = [...text.matchAll(/^ {6}([A-Z_]+): \$\{\{ vars\./gmu)].map(([, name = '']) => name);
    assert.ok(read.includes('DEPLOY_IP_RANGES'));
    for (const path of globSync('infra/**/*.bicepparam', { cwd: ROOT })) {
      assert.match(readFileSync(join(ROOT, path), 'utf8'), /'DEPLOY_IP_RANGES'/u, path);
    }
  });

  test('the release lists what is in it and proves where it was built', () => {
    const release = workflows.get('release.yml');
    assert.ok(release);
    const text = JSON.stringify(stepsOf(release));
    assert.match(text, /sbom\.cdx\.json/u);
    assert.match(text, /attest-build-provenance/u);
  });
});

test('Dependabot looks after packages, actions and the base image', () => {
  const [{ updates }] = readYaml(join(ROOT, '.github', 'dependabot.yml')) as [
    { updates: { 'package-ecosystem': string }[] },
  ];
  assert.deepEqual(
    updates.map((update) => update['package-ecosystem']),
    ['npm', 'github-actions', 'docker'],
  );
});

test('azd takes the package as it was built here, and finds the template', () => {
  const [{ infra, services }] = readYaml(join(ROOT, 'azure.yaml')) as [
    { infra: { path: string; module: string }; services: { app: Record<string, unknown> } },
  ];
  assert.equal(services.app['host'], 'function');
  // azd refuses the property off Flex Consumption; there it builds unless a .funcignore leaves node_modules in.
  assert.ok(!('remoteBuild' in services.app));
  assert.equal(services.app['project'], '.');
  assert.doesNotMatch(
    readFileSync(join(ROOT, '.funcignore'), 'utf8').replaceAll(/^#.*/gmu, ''),
    /node_modules/u,
  );
  assert.ok(globSync(`${infra.path}/${infra.module}.bicep`, { cwd: ROOT }).length === 1);
  const app = readFileSync(join(ROOT, 'infra/modules/functionApp.bicep'), 'utf8');
  assert.ok(app.includes(`'azd-service-name': 'app'`));
});
