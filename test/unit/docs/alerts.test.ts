import assert from 'node:assert/strict';
import path from 'node:path';
import { suite, test } from 'node:test';
import { PROJECT } from '../../support/cli.ts';
import { readBicep, textOf, type Value } from '../../support/bicep.ts';
import { readPage } from '../../support/markdown.ts';

const read = (file: string): ReturnType<typeof readBicep> => readBicep(path.join(PROJECT, 'infra', file));
const bodies = (value: Value | undefined): Record<string, Value>[] => value as Record<string, Value>[];

/** Titles of the alerts as mails show them, by the template's own defaults, and their descriptions. */
async function alerts(): Promise<{ title: string; description: string }[]> {
  const { params } = await read('main.bicep');
  const { variables } = await read('modules/alerts.bicep');
  const filled = (text: string): string =>
    text
      .replace(/^'|'$/gu, '')
      .replaceAll(/\$\{(\w+)\}/gu, (_, name: string) =>
        textOf(params.find((each) => each.name === name)?.value),
      );
  const rules = bodies(variables.find(({ name }) => name === 'rules')?.value);
  return rules.map(({ title, description }) => ({
    title: filled(textOf(title)),
    description: filled(textOf(description)),
  }));
}

/** Alerts without a title of their own: their description begins with it. */
async function titledByDescription(): Promise<string[]> {
  const files = await Promise.all(['modules/topicAlert.bicep', 'modules/vaultExpiry.bicep'].map(read));
  return files.flatMap(({ resources }) =>
    [...JSON.stringify(resources).matchAll(/"description":"([^".]+)\./gu)].map(([, title = '']) => title),
  );
}

suite('Alerts go by one name', () => {
  for (const page of ['docs/status.md', 'docs/troubleshooting.md']) {
    test(`${page} lists each by its title, and no other`, async () => {
      const titles = [...(await alerts()).map(({ title }) => title), ...(await titledByDescription())];
      assert.ok(titles.length >= 13, titles.join());
      const table = /^\| alert +\|.*\n(?:\|.*\n)+/mu.exec(readPage(page))?.[0] ?? '';
      const listed = table
        .trim()
        .split('\n')
        .slice(2)
        .map((row) => row.split('|')[1]?.trim() ?? '');
      assert.deepEqual(listed.toSorted(), titles.toSorted());
    });
  }

  test('pages that speak of an alert use its title', async () => {
    const titles = (await alerts()).map(({ title }) => title);
    for (const page of ['docs/deploy.md', 'docs/troubleshooting.md', 'docs/operations.md']) {
      for (const [, named = ''] of readPage(page).matchAll(/\balert _([^_]+)_/gu))
        assert.ok(titles.includes(named), `${page}: ${named}`);
    }
    const deploy = /^\| alert +\| parameter.*\n(?:\|.*\n)+/mu.exec(readPage('docs/deploy.md'))?.[0] ?? '';
    const named = deploy.trim().split('\n').slice(2);
    assert.ok(named.length > 0);
    for (const row of named) assert.ok(titles.includes(row.split('|')[1]?.trim() ?? ''), row);
  });

  test('each says in its mail what happened and what to do', async () => {
    for (const { title, description } of await alerts())
      assert.match(description, /^[A-Z][^.]+\. [A-Z].+\.$/u, title);
  });
});
