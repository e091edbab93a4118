import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

type Locked = {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
const { packages } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'),
) as { packages: Readonly<Record<string, Locked>> };

/** Where Node would look for a package that the one at `path` asks for. */
function places(path: string, name: string): string[] {
  const own = path === '' ? `node_modules/${name}` : `${path}/node_modules/${name}`;
  if (path === '') return [own];
  return [own, ...places(path.slice(0, Math.max(0, path.lastIndexOf('node_modules') - 1)), name)];
}

suite('package-lock.json', () => {
  test('names the binaries of every platform: else npm ci fails, or works on the platform of its author only', () => {
    const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !places(path, name).some((place) => packages[place]?.version !== undefined))
        .map((name) => `${path}: ${name}`),
    );
    assert.deepEqual(missing, []);
  });

  test('names no registry', () => {
    assert.deepEqual(
      Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined),
      [],
    );
  });
});
