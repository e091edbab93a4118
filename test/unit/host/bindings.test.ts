import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBlobPath } from '../../../local/host/blobPath.ts';
import { Hooks } from '../../../local/host/hooks.ts';
import { connectionString, resolveSettings } from '../../../local/host/settings.ts';
import { toXmlText, xmlTexts } from '../../../local/host/storageRest.ts';
import { parseSchedule } from '../../../local/host/timerTrigger.ts';

test('captures of a blob path are greedy, and a blob in no folder does not match two of them', () => {
  const path = parseBlobPath('exports/{connector}/{name}');
  assert.equal(path.container, 'exports');
  assert.equal(path.prefix, '');
  assert.deepEqual(path.match('hr/fhir/a.csv'), { connector: 'hr/fhir', name: 'a.csv' });
  assert.equal(path.match('a.csv'), undefined);
  const fixed = parseBlobPath('exports/in (new)/{name}.csv');
  assert.equal(fixed.prefix, 'in (new)/');
  assert.deepEqual(fixed.match('in (new)/a.csv'), { name: 'a' });
  assert.equal(fixed.match('in (new)/a_csv'), undefined);
  assert.deepEqual(parseBlobPath('exports').match('any/thing'), { name: 'any/thing' });
});

test('a setting in a binding is filled in, and a missing one is named with the function', () => {
  assert.equal(resolveSettings('%A%-%B%', { A: 'x', B: 'y' }, 'Function f'), 'x-y');
  assert.throws(() => resolveSettings('%A%', {}, 'Function f'), /Function f needs the app setting A/);
  assert.throws(
    () => connectionString('Exports', {}, 'Function f'),
    /Function f needs the connection string Exports/,
  );
  assert.equal(connectionString('Exports', { AzureWebJobsExports: 'c' }, 'Function f'), 'c');
  assert.match(connectionString('S', { S: 'UseDevelopmentStorage=true' }, ''), /127\.0\.0\.1:10001/);
});

test('a schedule has six fields in UTC, and both day fields must agree', () => {
  const after = new Date('2026-03-01T00:00:00Z');
  const next = (expression: string) => parseSchedule(expression, 'Function f').nextRun(after)?.toISOString();
  assert.equal(next('0 0 6 * * *'), '2026-03-01T06:00:00.000Z');
  assert.equal(next('*/15 * * * * *'), '2026-03-01T00:00:15.000Z');
  assert.equal(next('0 0 0 13 * Fri'), '2026-03-13T00:00:00.000Z');
  assert.throws(() => parseSchedule('0 6 * * *', 'Function f'), /Function f: "0 6 \* \* \*" is no schedule/);
});

test('texts of storage answers are unescaped, and what is sent is escaped', () => {
  const xml = `<Name>${toXmlText('a <b> & c')}</Name><Name Encoded="true">x%2Fy</Name><Other/>&#x41;`;
  assert.deepEqual(xmlTexts(xml, 'Name'), ['a <b> & c', 'x%2Fy']);
  assert.deepEqual(xmlTexts('<N>&#x41;&#66;&quot;&apos;</N>', 'N'), [`AB"'`]);
});

test('hooks run in order until disposed, and an unknown name is a RangeError of the system', async () => {
  const hooks = new Hooks();
  const ran: number[] = [];
  const first = hooks.register('appStart', () => ran.push(1));
  hooks.register('appStart', () => ran.push(2));
  await hooks.run('appStart', {});
  first.dispose();
  await hooks.run('appStart', {});
  assert.deepEqual(ran, [1, 2, 2]);
  assert.throws(() => hooks.register('other', () => undefined), {
    name: 'RangeError',
    isAzureFunctionsSystemError: true,
  });
});
