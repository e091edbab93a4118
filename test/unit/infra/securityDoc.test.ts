import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const text = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const threats = rows.filter(([id]) => /^[STRIDE]\d$/u.test(id ?? ''));

suite('docs/security.md', () => {
  test('has threats of all six kinds, each with a proof that exists', () => {
    assert.deepEqual(new Set(threats.map(([id]) => id?.[0])), new Set('STRIDE'));
    for (const [id, , , , proof = ''] of threats) {
      const files = [...proof.matchAll(/`([^`]+)`/gu)].map(([, path = '']) => path);
      assert.ok(files.length > 0, `${id} names no proof.`);
      for (const path of files)
        assert.ok(existsSync(join(ROOT, path)), `${id} names ${path}, which is not there.`);
    }
  });

  test('maps safeguards to threats that it has', () => {
    const known = new Set(threats.map(([id]) => id));
    const safeguards = rows.filter(([first]) => first?.startsWith('164.'));
    assert.ok(safeguards.length > 10);
    for (const [name, , controls = ''] of safeguards) {
      for (const id of controls.split(', ')) assert.ok(known.has(id), `${name} names ${id}.`);
    }
  });
});
