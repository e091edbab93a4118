import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from '../../local/build/build.ts';
import { makePackage } from '../../local/build/package.ts';
import { QUIET_SETTINGS } from '../support/quietSettings.ts';

/** Loads every file of the package, as the worker would, and prints the names of the functions. */
const LOADER = `
import { readdir } from 'node:fs/promises';
import Module from 'node:module';
const names = [];
const disposable = { dispose() {} };
const core = {
  version: '3.9.1', setProgrammingModel() {}, getProgrammingModel() {}, log() {},
  registerHook: () => disposable,
  registerFunction: ({ name }) => (names.push(name), disposable),
};
const original = Module.prototype.require;
Module.prototype.require = function (id) {
  return id === '@azure/functions-core' ? core : original.call(this, id);
};
for (const file of (await readdir('dist/app', { recursive: true })).filter((name) => name.endsWith('.mjs'))) {
  await import(process.cwd() + '/dist/app/' + file);
}
console.log(JSON.stringify(names.sort()));
process.exit(0);
`;

let folder: string;
let zip: string;
before(async () => {
  zip = await makePackage();
  folder = await mkdtemp(join(tmpdir(), 'package-'));
  await cp(join(ROOT, 'dist', 'package'), folder, { recursive: true });
});
after(() => rm(folder, { recursive: true, force: true }));

test('the package holds what runs, and nothing else', async () => {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const foreign = files.filter(
    (file) => !/^(?:host\.json|package\.json|mappings\/.+|dist\/app\/.+\.mjs(?:\.map)?)$/.test(file),
  );
  assert.deepEqual(foreign, []);
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  assert.equal(manifest['type'], 'module');
  assert.equal(manifest['dependencies'], undefined);
  assert.ok(files.includes(String(manifest['main'])));
});

test('it loads by itself, what is loaded later included: nothing is looked for outside', async () => {
  const env = { PATH: process.env['PATH'] ?? '', ...QUIET_SETTINGS };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', LOADER], {
    cwd: folder,
    env,
  });
  const names = JSON.parse(stdout) as string[];
  assert.ok(names.includes('splitExport') && names.includes('pushChunk'), stdout);
});

test('what is heavy and rarely needed lies in files of its own, not in the one that every start reads', async () => {
  const app = join(folder, 'dist', 'app');
  const main = await readFile(join(app, 'main.mjs'), 'utf8');
  const chunks = (await readdir(join(app, 'chunks'))).filter((name) => name.endsWith('.mjs'));
  const later = (await Promise.all(chunks.map((name) => readFile(join(app, 'chunks', name), 'utf8')))).join(
    '',
  );
  for (const heavy of [
    /\bManagedIdentityCredential=class\b|\bclass ManagedIdentityCredential\b/,
    /\bSecretClient=class\b|\bclass SecretClient\b/,
  ]) {
    assert.doesNotMatch(main, heavy);
    assert.match(later, heavy);
  }
});

test('two packages of the same sources are equal, and the bill of materials names what is inside', async () => {
  const first = await readFile(zip);
  assert.ok(first.equals(await readFile(await makePackage())));
  const sbom = JSON.parse(await readFile(join(ROOT, 'dist', 'sbom.cdx.json'), 'utf8')) as {
    components: { name: string; hashes?: object[] }[];
  };
  const names = sbom.components.map(({ name }) => name);
  assert.ok(names.includes('@azure/functions') && names.includes('@azure/identity'));
  assert.ok(!names.includes('azurite') && !names.includes('esbuild'));
});
