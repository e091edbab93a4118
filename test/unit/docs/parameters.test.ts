import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { PROJECT } from '../../support/cli.ts';
import { readPage } from '../../support/markdown.ts';

const read = (file: string): string => readFileSync(path.join(PROJECT, file), 'utf8');
/** Variables that a parameter file reads. */
const variablesOf = (file: string): string[] => [
  ...new Set([...read(file).matchAll(/readEnvironmentVariable\('(\w+)'/gu)].map(([, name = '']) => name)),
];

suite('Variables of the parameter files', () => {
  const section =
    /### What the parameter files read\n([^]*?)\n### |### What the parameter files read\n([^]*?)\n## /u.exec(
      readPage('docs/deploy.md'),
    );
  const [shared = '', ownOfAzd = ''] = (section?.[1] ?? section?.[2] ?? '').split('infra/main.bicepparam');
  const namesIn = (text: string): string[] => [
    ...new Set(
      [...text.matchAll(/^\| (`[^|]+) \|/gmu)].flatMap(([, cell = '']) =>
        [...cell.matchAll(/`([A-Z_]+)`/gu)].map(([, name = '']) => name),
      ),
    ),
  ];

  test('the page on deployment lists those that azd reads', () => {
    assert.deepEqual(
      [...namesIn(shared), ...namesIn(ownOfAzd)].toSorted(),
      variablesOf('infra/main.bicepparam').toSorted(),
    );
  });

  for (const file of globSync('infra/params/*.bicepparam', { cwd: PROJECT })) {
    test(`${file} reads those that are said to be read by all`, () => {
      assert.deepEqual(variablesOf(file).toSorted(), namesIn(shared).toSorted());
    });
  }

  test('the workflow hands each of them on', () => {
    const workflow = read('.github/workflows/deploy.yml');
    for (const name of namesIn(shared)) assert.match(workflow, new RegExp(`^ {6}${name}: `, 'mu'), name);
  });
});
