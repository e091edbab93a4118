import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { readBicep, textOf, type Value } from '../../support/bicep.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const queries = globSync('infra/queries/*.kql', { cwd: ROOT }).toSorted();
const source = globSync(['shared/**/*.ts', 'functions/**/*.ts'], { cwd: ROOT }).map(read).join('\n');

/** Names of log events that a query asks for. */
const eventsIn = (text: string): string[] =>
  [...text.matchAll(/'([a-z]+\.[a-zA-Z]+)'/gu)].map(([, name = '']) => name);

suite('Alert rules', () => {
  for (const path of [...queries, 'infra/queries/workbook.json']) {
    for (const event of new Set(eventsIn(read(path)))) {
      test(`${path} asks for ${event}, which the code logs`, () => {
        assert.ok(source.includes(`'${event}'`), `Nothing in shared/ or functions/ logs ${event}.`);
      });
    }
  }

  test('every query is used, and every placeholder is filled', () => {
    const templates = read('infra/modules/alerts.bicep');
    for (const path of queries) {
      assert.ok(templates.includes(path.replace('infra/queries/', '../queries/')), `${path} is not used.`);
      for (const [placeholder] of read(path).matchAll(/\{\w+\}/gu)) {
        assert.ok(templates.includes(`'${placeholder}'`), `${placeholder} of ${path} is not filled.`);
      }
    }
  });

  test('each rule looks back at least as far as it runs, so that no event falls between two runs', async () => {
    const { variables } = await readBicep(join(ROOT, 'infra/modules/alerts.bicep'));
    const rules = variables.find(({ name }) => name === 'rules')?.value as Record<string, Value>[];
    const minutes: Record<string, number> = { PT15M: 15, PT30M: 30, PT1H: 60, PT2H: 120, P2D: 2880 };
    for (const { name, every, window } of rules) {
      const [interval, span] = [minutes[textOf(every)], minutes[textOf(window)]];
      assert.ok(interval !== undefined && span !== undefined && span >= 2 * interval, textOf(name));
    }
  });

  test('a chunk that waits too long is seen before its parking leaves the window', async () => {
    const { params } = await readBicep(join(ROOT, 'infra/modules/alerts.bicep'));
    assert.ok(params.some(({ name }) => name === 'waitingHours'));
    assert.match(read('infra/main.bicep'), /@maxValue\(40\)\nparam waitingHours int/u);
  });

  test('the workbook is JSON, and its columns are those of the shared query', () => {
    const events = read('infra/queries/events.kql');
    assert.doesNotMatch(events, /["\\]/u, 'It is put into a JSON string as it stands.');
    const { items } = JSON.parse(
      read('infra/queries/workbook.json').replaceAll('{events}', events.replaceAll('\n', String.raw`\n`)),
    ) as { items: { content: { query?: string } }[] };
    const asked = items.flatMap(({ content }) => content.query ?? []);
    assert.ok(asked.length >= 5);
    for (const query of asked) assert.ok(query.startsWith(events));
  });

  test('no query shows a blob name or a reason: alerts go out by e-mail', () => {
    for (const path of queries) assert.doesNotMatch(read(path), /blobName|reason/u, path);
  });
});
