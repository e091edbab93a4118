import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { printable, printableLines, sayJson } from '../../../local/cli/console.ts';
import { tableOf } from '../../../local/cli/table.ts';
import { runCli } from '../../support/cli.ts';
import { plainExport } from '../../support/healthcare.ts';

/** What no terminal may get of a name: ESC, BEL, CSI of C1, right-to-left override, zero width, line separator, a tag character. */
const NASTY = '\u001B[2J\u0007\u009B31m\u202Egpj\u200B\u2028\u{E0041}';
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

test('what a terminal would obey is written out, once; everything else stays', () => {
  const shown = printable(NASTY);
  assert.equal(shown, '\\u{1b}[2J\\u{7}\\u{9b}31m\\u{202e}gpj\\u{200b}\\u{2028}\\u{e0041}');
  assert.equal(printable(shown), shown);
  assert.equal(printable('Übersicht März – 日本 🙂.csv'), 'Übersicht März – 日本 🙂.csv');
  assert.equal(printableLines('a\u001B\r\nb\rc\n'), 'a\\u{1b}\nb\\u{d}c\n');
});

test('a cell cannot leave its table', () => {
  const table = tableOf(['name', { figures: 'records' }], [[`${NASTY}\nsecond line`, '1']]);
  assert.doesNotMatch(table.replaceAll('\n', ''), UNSAFE);
  assert.equal(table.split('\n').length, 5);
});

test('JSON is safe to look at, and reads back as what it was', (t) => {
  const log = t.mock.method(console, 'log', () => undefined);
  for (const indent of [undefined, 2]) sayJson({ name: NASTY, 'two\nlines': 1 }, indent);
  const lines = log.mock.calls.map(({ arguments: [text] }) => text as unknown as string);
  for (const text of lines) {
    assert.deepEqual(JSON.parse(text), { name: NASTY, 'two\nlines': 1 });
    assert.doesNotMatch(text.replaceAll('\n', ''), UNSAFE);
  }
  assert.deepEqual(
    lines.map((text) => text.split('\n').length),
    [1, 4],
  );
});

test('neither arguments nor names of files and columns reach a terminal raw', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'names-'));
  t.after(() => rm(folder, { recursive: true }));
  const name = 'Patient\u009B31mCity\u202E';
  const file = path.join(folder, 'a\u001B[2J\u202E.csv');
  await writeFile(file, plainExport(3).replace('Patient City', name));
  const mapping = path.join(folder, 'mapping.json');
  await writeFile(mapping, JSON.stringify({ columns: { 'Patient City': name, 'Event Name': `${name}?` } }));
  const out = path.join(folder, 'out');
  for (const args of [
    ['check', file],
    ['check', '--json', file],
    ['check', '--mapping', mapping, file],
    ['check', path.join(folder, NASTY)],
    ['check', path.join(folder, `${NASTY}/x`), path.join(folder, `${NASTY}y/x`)],
    ['check', `--${NASTY}`],
    ['start', '--out', out, path.join(folder, `${NASTY}x`)],
  ]) {
    const { stdout, stderr } = await runCli(args);
    for (const text of [stdout, stderr])
      assert.doesNotMatch(text.replaceAll('\n', ''), UNSAFE, args.join(' '));
    assert.match(stdout + stderr, /\\u/u, args.join(' '));
  }
});
