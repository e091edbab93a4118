import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  extensionOf,
  isPartialName,
  textExtensionOf,
  withoutExtension,
} from '../../../shared/export/fileName.ts';

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

test('only extensions of text are taken over from a name in an archive', () => {
  const names = [
    'x.CSV',
    'x.psv',
    'x.tsv',
    'x.tab',
    'a/x.txt',
    'x.xlsx',
    'x.c\\..sv',
    'x.c\nsv',
    `x.${'v'.repeat(9e3)}`,
    'x',
  ];
  assert.deepEqual(names.map(textExtensionOf), ['.csv', '.psv', '.tsv', '.tab', '.txt', '', '', '', '', '']);
});

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
