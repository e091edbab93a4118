import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejected } from '../../../local/cli/checkExport.ts';
import { unheardResult } from '../../../local/cli/summary.ts';
import { readPage } from '../../support/markdown.ts';

const PAGE = 'docs/commands.md';

/** First column of each table below a heading. */
function fieldsBelow(heading: string): string[][] {
  const [, below = ''] = readPage(PAGE).split(`\n## ${heading}\n`);
  const [section = ''] = below.split('\n## ');
  const tables = section.split(/\n\n/u).filter((block) => block.startsWith('| field'));
  return tables.map((table) => [...table.matchAll(/^\| `(\w+)`/gmu)].map(([, name = '']) => name));
}

test('the page tells every field of --json of npm start', () => {
  const [frame, entry] = fieldsBelow('`npm start -- --json`');
  assert.deepEqual(frame, ['exports', 'seconds', 'peakRssMb', 'error']);
  assert.deepEqual(entry, Object.keys(unheardResult('a.csv', 'uploaded', [])).toSorted(byOrderOf(entry)));
});

test('the page tells every field of --json of npm run check', () => {
  const [entry] = fieldsBelow('`npm run check -- --json`');
  const fields = [...Object.keys(rejected('a.csv', [])), 'format', 'estimatedSeconds'];
  assert.deepEqual(entry, fields.toSorted(byOrderOf(entry)));
});

function byOrderOf(names: readonly string[] = []): (left: string, right: string) => number {
  return (left, right) => names.indexOf(left) - names.indexOf(right);
}
