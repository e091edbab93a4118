import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite, test } from 'node:test';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const TOP: Readonly<Record<string, readonly string[]>> = {
  functions: ['shared'],
  shared: ['mappings'],
  local: ['functions', 'shared', 'infra'],
  infra: ['shared'],
};

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

/** Relative imports of all sources, as paths from the project's folder. */
async function importsOf(folder: string): Promise<Import[]> {
  const found: Import[] = [];
  for await (const file of glob(`${folder}/**/*.ts`, { cwd: ROOT })) {
    const text = await readFile(path.join(ROOT, file), 'utf8');
    for (const [statement, target = ''] of text.matchAll(
      /(?:^(?:import|export)\b[^;]*?\bfrom |\bimport\()'(\.[^']+)'/gmu,
    )) {
      const to = path.join(path.dirname(file), target);
      found.push({ from: unix(file), to: unix(to), typeOnly: /^(?:import|export) type\b/u.test(statement) });
    }
  }
  return found;
}

const unix = (file: string): string => file.replaceAll('\\', '/');
const top = (file: string): string => file.split('/')[0] ?? '';
/** `shared/export/split.ts` → `export`; files directly in shared/ belong to all. */
const capability = (file: string): string | undefined => /^shared\/([^/]+)\//u.exec(file)?.[1];

async function tableOfDocs(): Promise<Map<string, ReadonlySet<string>>> {
  const text = await readFile(path.join(ROOT, 'docs/architecture.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)\/` +\|[^|]*\|([^|]*)\|$/gmu)];
  return new Map(
    rows.map(([, folder = '', cell = '']) => [
      folder,
      new Set([...cell.matchAll(/`(\w+)`/gu)].map(([, name = '']) => name)),
    ]),
  );
}

suite('Imports point one way', () => {
  for (const [folder, allowed] of Object.entries(TOP)) {
    test(`${folder}/ imports ${allowed.join(', ')} and itself only`, async () => {
      const imports = await importsOf(folder);
      assert.ok(imports.length > 0);
      for (const { from, to } of imports) {
        assert.ok(top(to) === folder || allowed.includes(top(to)), `${from} imports ${to}`);
        assert.ok(existsSync(path.join(ROOT, to)), `${from} imports ${to}, which is not there`);
      }
    });
  }

  test('the lint rule refuses what these do', async () => {
    type Override = { files: string[]; rules: Record<string, [string, { patterns?: { regex: string }[] }]> };
    const { overrides } = JSON.parse(await readFile(path.join(ROOT, '.oxlintrc.json'), 'utf8')) as {
      overrides: Override[];
    };
    const folders = [...Object.keys(TOP), 'test', 'bench'];
    for (const [folder, allowed] of Object.entries(TOP)) {
      const rule = overrides.find(({ files }) => files.includes(`${folder}/**`))?.rules[
        'no-restricted-imports'
      ];
      const patterns = (rule?.[1].patterns ?? []).map(({ regex }) => new RegExp(regex, 'u'));
      const refused = folders.filter((other) =>
        patterns.some((pattern) => pattern.test(`../../${other}/x.ts`)),
      );
      const expected = folders.filter((other) => other !== folder && !allowed.includes(other));
      assert.deepEqual(refused.toSorted(), expected.toSorted(), folder);
    }
  });

  test('the capabilities of shared/ import what docs/architecture.md says, no more and no less', async () => {
    const actual = new Map<string, Set<string>>();
    for (const { from, to, typeOnly } of await importsOf('shared')) {
      const [here, there] = [capability(from), capability(to)];
      if (here === undefined) assert.equal(there, undefined, `${from} imports ${to}`);
      else actual.set(here, actual.get(here) ?? new Set());
      if (here !== undefined && there !== undefined && here !== there && !typeOnly)
        actual.get(here)?.add(there);
    }
    const sorted = (map: ReadonlyMap<string, ReadonlySet<string>>): Record<string, string[]> =>
      Object.fromEntries(
        [...map.keys()].toSorted().map((name) => [name, [...(map.get(name) ?? [])].toSorted()]),
      );
    const documented = await tableOfDocs();
    assert.deepEqual(sorted(actual), sorted(documented));
  });

  test('no capability comes back to itself', async () => {
    const table = await tableOfDocs();
    const visit = (name: string, trail: readonly string[]): void => {
      assert.ok(!trail.includes(name), [...trail, name].join(' → '));
      for (const next of table.get(name) ?? []) visit(next, [...trail, name]);
    };
    for (const name of table.keys()) visit(name, []);
  });
});
