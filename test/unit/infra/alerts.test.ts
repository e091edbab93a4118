import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { reportSettings } from '../../../shared/config/settings.ts';
import { readBicep, textOf, type Value } from '../../support/bicep.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const queries = globSync('infra/queries/*.kql', { cwd: ROOT }).toSorted();
const source = globSync(['shared/**/*.ts', 'functions/**/*.ts'], { cwd: ROOT }).map(read).join('\n');

/** Names of log events that a query asks for. */
const eventsIn = (text: string): string[] =>
  [...text.matchAll(/'([a-z]+\.[a-zA-Z]+)'/gu)].map(([, name = '']) => name);

/** Events below the level of an error that somebody must be told of. */
const ALERTING = [
  'batch.strangeAnswer',
  'chunk.parked',
  'connector.paused',
  'export.ended',
  'records.refused',
  'report.heartbeat',
];

/** Errors that no rule asks for, and why nobody misses them. */
const TOLD_OTHERWISE = new Map([
  ['batch.countGap', 'its export ends `failed`'],
  ['chunk.givenUp', 'its export has ended: cancelled or source lost'],
  ['export.sourceLost', 'its export ends `sourceLost`'],
  ['poison.unknownMessage', 'the sweep sends the message of every chunk that has none'],
]);

const bicep = await readBicep(join(ROOT, 'infra/modules/alerts.bicep'));
const rules = bicep.variables.find(({ name }) => name === 'rules')?.value as Record<string, Value>[];
const queryOf = (rule: Record<string, Value>): string =>
  read(`infra/queries/${/queries\/(\w+\.kql)/u.exec(textOf(rule['query']))?.[1] ?? ''}`);

suite('Alert rules', () => {
  test('tell of every error that the code logs, and of what else somebody must act on', () => {
    const errors = [...source.matchAll(/log\.error\(\s*'([a-z]+\.[a-zA-Z]+)'/gu)].map(
      ([, name = '']) => name,
    );
    assert.ok(errors.length > 8);
    const asked = new Set(rules.flatMap((rule) => eventsIn(queryOf(rule))));
    assert.deepEqual(
      [...new Set([...errors, ...ALERTING])].filter((name) => !asked.has(name) && !TOLD_OTHERWISE.has(name)),
      [],
      'A rule asks for it, or TOLD_OTHERWISE says why none does.',
    );
    assert.deepEqual(
      [...TOLD_OTHERWISE.keys()].filter((name) => !errors.includes(name)),
      [],
      'Nothing logs it any more.',
    );
  });

  test('ask for the end of an export in every state that somebody must look at', () => {
    const asked = rules.map(queryOf).filter((query) => query.includes('export.ended'));
    for (const state of ['rejected', 'failed', 'sourceLost', 'cancelled']) {
      assert.ok(
        asked.some((query) => query.includes(`'${state}'`)),
        state,
      );
    }
  });

  test('tell one trouble from another by columns that their queries give', () => {
    for (const rule of rules) {
      const given = /(?:project|summarize)[^|]*$/u.exec(
        queryOf(rule)
          .trimEnd()
          .replace(/\n\| where [^|]*$/u, ''),
      );
      for (const column of rule['by'] as string[]) {
        assert.match(given?.[0] ?? '', new RegExp(`\\b${column}\\b`, 'u'), textOf(rule['name']));
      }
    }
  });

  test('resolve nothing of what was logged once', () => {
    const lasting = rules.filter(({ once }) => once === false).map(({ name }) => textOf(name));
    assert.deepEqual(lasting, [
      'fhir-failing',
      'export-stuck',
      'chunk-waiting',
      'function-failures',
      'heartbeat-missing',
    ]);
    const rule = bicep.resources.find(({ name }) => name === 'eventRules');
    assert.ok(rule);
    const { properties } = rule.body as { properties: Record<string, Value> };
    assert.equal(textOf(properties['autoMitigate']), '!rule.once');
  });

  test('find the silence of an app that never logged anything', () => {
    assert.match(read('infra/queries/events.kql'), /union isfuzzy=true AppTraces, \(datatable\(/u);
    assert.match(read('infra/queries/heartbeatMissing.kql'), /where beats == 0/u);
  });

  test('tell of the silence of a run that is hourly after a few hours, and of a FHIR log after three failures in a row', async () => {
    assert.match(reportSettings.schedule.fallback ?? '', /^0 \d+ \* \* \* \*$/u, 'each hour');
    const { params } = await readBicep(join(ROOT, 'infra/main.bicep'));
    assert.equal(params.find(({ name }) => name === 'silentHours')?.value, 3);
    assert.match(read('infra/queries/heartbeatMissing.kql'), /ago\(\{silentHours\}h\)/u);
    const failing = read('infra/queries/fhirFailing.kql');
    assert.match(failing, /\| top 3 by TimeGenerated desc\n/u);
    assert.match(failing, /where runs == 3 and failures == 3/u);
    assert.ok(!read('infra/queries/recordsHeld.kql').includes('fhir.failed'), 'one failure tells nobody');
  });

  test('stand in the docs with every event that they ask for', () => {
    const [, section = ''] = read('docs/status.md').split('\n## Alerts\n');
    const [alerts = ''] = section.split('\n## ');
    const asked = new Set(rules.flatMap((rule) => eventsIn(queryOf(rule))));
    assert.deepEqual(
      [...asked].filter((name) => !alerts.includes(`\`${name}\``)),
      [],
    );
  });

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

  test('each rule looks back at least as far as it runs, so that no event falls between two runs', () => {
    const minutes: Record<string, number> = { PT15M: 15, PT30M: 30, PT1H: 60, PT2H: 120, P2D: 2880 };
    for (const { name, every, window } of rules) {
      const [interval, span] = [minutes[textOf(every)], minutes[textOf(window)]];
      assert.ok(interval !== undefined && span !== undefined && span >= 2 * interval, textOf(name));
    }
  });

  test('a chunk that waits too long, or a silence, is seen before it leaves the window', () => {
    for (const hours of ['waitingHours', 'silentHours']) {
      assert.ok(bicep.params.some(({ name }) => name === hours));
      assert.match(read('infra/main.bicep'), new RegExp(`@maxValue\\(40\\)\\nparam ${hours} int`, 'u'));
    }
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
