import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { ExportResult } from '../../../local/cli/summary.ts';
import { takeRunLock } from '../../../local/cli/runLock.ts';
import { runCli } from '../../support/cli.ts';
import { plainExport } from '../../support/healthcare.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'cli-'));
after(() => rm(folder, { recursive: true }));
const good = path.join(folder, 'good.csv');
const notJson = path.join(folder, 'broken.json');
await writeFile(good, plainExport(3));
await writeFile(notJson, 'columns: {}');

const refusals: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a file that is not there', [path.join(folder, 'nothing.csv')], /There is no file .*nothing\.csv/],
  ['an option nobody knows', ['--fast', good], /unknown option '--fast'/],
  ['a number out of bounds', ['--chunk-records', '0', good], /--chunk-records.*at least 1/],
  [
    'more batches a chunk than the ledger holds',
    ['--chunk-records', '100000', '--records-per-request', '50', good],
    /RECORDS_PER_REQUEST: .*1000 batches/,
  ],
  ['a fault nobody knows', ['--faults', 'foo:9', good], /"foo", which is no kind of fault/],
  ['a mapping that is no JSON', ['--mapping', notJson, good], /broken\.json cannot be used: it is not JSON/],
  ['a received folder that is a file', ['--received', good, good], /--received DIR/],
  ['an output folder that is a file', ['--out', good, good], /--out DIR/],
  ['the name of no connector', ['--connector', 'a/b', good], /--connector.*letters/],
];

/** Told before anybody looks for files among the arguments. */
const BEFORE_FILES = new Set([
  'an option nobody knows',
  'a number out of bounds',
  'the name of no connector',
]);

for (const [what, options, words] of refusals) {
  test(`start ends at once with code 1, the cause and one JSON object: ${what}`, async () => {
    const out = options.includes('--out') ? [] : ['--out', path.join(folder, 'out')];
    const { code, stdout, stderr } = await runCli(['start', '--json', ...out, ...options]);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /^\s+at |node:internal/mu);
    const { exports, error } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
      exports: ExportResult[];
      error: string;
    };
    const names = BEFORE_FILES.has(what) ? [] : [path.basename(options.at(-1) ?? '')];
    assert.deepEqual(
      exports.map(({ name, state, accepted }) => ({ name, state, accepted })),
      names.map((name) => ({ name, state: 'notUploaded', accepted: 0 })),
    );
    for (const { reasons } of exports) assert.match(reasons.join(), words);
    assert.match(error, words);
  });
}

for (const command of [
  ['check', good],
  ['generate', '--records', '1', '--out', path.join(folder, 'never.csv')],
  ['report', '--out', folder],
  ['replay', '--connector', 'healthcare', '--out', folder],
  ['start', '--out', folder, good],
  ['watch', '--out', folder],
  ['func', '--out', folder],
]) {
  test(`${command[0]} does nothing while certificates go unchecked`, async () => {
    const { code, stdout, stderr } = await runCli(command, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^Error: NODE_TLS_REJECT_UNAUTHORIZED is 0.*\nRemove it/u);
  });
}

test('help is shown whatever the environment says', async () => {
  const { code, stdout } = await runCli(['report', '--help'], { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
  assert.deepEqual([code, stdout.includes('Usage: npm run report')], [0, true]);
});

test('report and replay say how to look in while npm run watch is up', async (t) => {
  const out = path.join(folder, 'in use');
  await mkdir(path.join(out, 'storage'), { recursive: true });
  const lock = await takeRunLock(out);
  t.after(() => lock.release());
  for (const command of [['report'], ['replay', '--connector', 'healthcare']]) {
    const { code, stderr } = await runCli([...command, '--out', out]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /is using .*\nWhile npm run watch is up, set ExportStorage=UseDevelopmentStorage=true/u,
    );
  }
});
