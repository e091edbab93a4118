import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extensionOf, isPartialName, withoutExtension } from '../../../shared/export/fileName.ts';

const NAMES: [name: string, extension: string, without: string][] = [
  ['exports/Daily.CSV', '.csv', 'exports/Daily'],
  ['x.csv.gz', '.gz', 'x.csv'],
  ['no extension', '', 'no extension'],
  ['a.b/c', '', 'a.b/c'],
  ['.hidden', '', '.hidden'],
  ['dir/.csv', '', 'dir/.csv'],
  ['ends with.', '', 'ends with.'],
  ['v1. final', '', 'v1. final'],
  ['Größe.Tsv', '.tsv', 'Größe'],
];
for (const [name, extension, without] of NAMES) {
  test(`${name} has ${extension === '' ? 'no extension' : extension}`, () => {
    assert.equal(extensionOf(name), extension);
    assert.equal(withoutExtension(name), without);
  });
}

test('files still being written are told by their names', () => {
  assert.deepEqual(['x.csv.filepart', 'x.PART', 'x.tmp', 'x.csv', 'part', 'x.part.csv'].map(isPartialName), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
