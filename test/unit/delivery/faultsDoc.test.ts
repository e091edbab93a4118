import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const ROOT = new URL('../../../', import.meta.url);
/** `file` › words of the test's name */
const PROOF = /`(test\/[^`]+)` › (.+)/u;

const doc = await readFile(new URL('docs/faults.md', ROOT), 'utf8');
const rows = doc
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| fault'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, fault = '']) => !/^-+$/u.test(fault) && fault !== 'fault');

test('every fault has an outcome', () =>
  assert.ok(rows.length > 35 && rows.every(([, , outcome]) => outcome)));

for (const [, fault = '', , proofs = ''] of rows) {
  test(`docs/faults.md names tests that exist for: ${fault}`, async () => {
    for (const proof of proofs.split('; `').map((text, index) => (index === 0 ? text : `\`${text}`))) {
      const [, file = '', words = ''] = PROOF.exec(proof) ?? [];
      assert.ok(file !== '', `not written as a proof: ${proof}`);
      const source = await readFile(new URL(file, ROOT), 'utf8');
      assert.ok(source.includes(words), `${file} has no "${words}"`);
    }
  });
}
