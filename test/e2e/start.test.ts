import assert from 'node:assert/strict';
import { mkdtemp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { awkwardExport } from '../support/awkward.ts';
import { runStart } from '../support/cli.ts';
import { plainExport } from '../support/healthcare.ts';
import { countTexts, readReceived } from '../support/received.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ehr start ü-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const fileOf = async (name: string, content: string | Buffer): Promise<string> => {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
};

/** Files and folders below one that others than its owner may read or write. */
async function openToOthers(top: string): Promise<string[]> {
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  const paths = [top, ...entries.map((entry) => path.join(entry.parentPath, entry.name))];
  const modes = await Promise.all(paths.map(async (each) => ((await stat(each)).mode & 0o077) > 0));
  return paths.filter((_, index) => modes[index]);
}

test('an awkward export arrives record for record, byte for byte, each once, each body with the header', async () => {
  const { text, header, records } = awkwardExport(500);
  const file = await fileOf('Übersicht März 2026.csv', text);
  const received = path.join(folder, 'received awkward');
  const out = path.join(folder, 'awkward');
  const run = await runStart([
    '--out',
    out,
    '--received',
    received,
    '--chunk-records',
    '70',
    '--records-per-request',
    '9',
    file,
  ]);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.deepEqual(
    run.result.exports.map(({ name, state, accepted, chunks }) => ({ name, state, accepted, chunks })),
    [{ name: 'Übersicht März 2026.csv', state: 'completed', accepted: 500, chunks: 8 }],
  );
  assert.match(run.stdout, /Upload successful: Übersicht März 2026\.csv, 500 records saved/);
  const bodies = await readReceived(received);
  assert.deepEqual(new Set(bodies.map((body) => body.header)), new Set([header]));
  assert.deepEqual(countTexts(bodies.flatMap((body) => body.records)), countTexts(records));
  if (process.platform !== 'win32') {
    for (const kept of [out, received]) assert.deepEqual(await openToOthers(kept), []);
  }

  const again = await runStart([
    '--out',
    out,
    '--received',
    received,
    '--chunk-records',
    '70',
    '--records-per-request',
    '9',
    file,
  ]);
  assert.equal(again.code, 0);
  assert.deepEqual(
    again.result.exports.map(({ state, accepted }) => ({ state, accepted })),
    [{ state: 'duplicate', accepted: 500 }],
  );
  const why =
    /DUPLICATE: The same content was already sent as export healthcare\/Übersicht März 2026\.csv \(/;
  assert.match(again.result.exports[0]?.reasons[0] ?? '', why);
  assert.match(again.stdout, why);
  const forced = await runStart(['--out', out, '--chunk-records', '70', '--again', file]);
  assert.deepEqual(
    forced.result.exports.map(({ state, accepted }) => ({ state, accepted })),
    [{ state: 'completed', accepted: 500 }],
  );
});

test('bad exports are refused whole, each with the file, the line and the cure; nothing of them is sent', async () => {
  const good = plainExport(20);
  const limits = { MAX_EXPORT_RECORDS: '1000', MAX_EXPORT_BYTES: '1000000' };
  await mkdir(path.join(folder, 'a-folder.csv'));
  const files = [
    await fileOf('empty.csv', ''),
    await fileOf('no-city.csv', good.replace('Patient City', 'Town of birth')),
    await fileOf('twice.csv', good.replace('Workstation Id', 'Event Name')),
    await fileOf('unclosed.csv', good.replace(',Patient7,', ',"Patient7,')),
    await fileOf(
      'unclosed-later-quotes.csv',
      good.replace(',Patient7,', ',"Patient7,').replace(',Patient9,', ',"Patient9",'),
    ),
    await fileOf('too-many.csv', plainExport(1001)),
    await fileOf(
      'too-large.csv',
      plainExport(8, () => ({ 'Patient Address Line 2': 'x'.repeat(130_000) })),
    ),
    await fileOf('binary.csv', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2, 3, 0xff, 0xfe, 0, 0, 9])),
    path.join(folder, 'a-folder.csv'),
    await fileOf('headerless.csv', good.slice(good.indexOf('\n') + 1)),
    await fileOf('only a header.csv', plainExport(0)),
  ];
  const received = path.join(folder, 'received bad');
  const run = await runStart(['--out', path.join(folder, 'bad'), '--received', received, ...files], limits);
  assert.equal(run.code, 2, run.stdout + run.stderr);
  const states = run.result.exports.map(({ name, state }) => `${name}: ${state}`);
  assert.deepEqual(states, [
    ...files.slice(0, -1).map((file) => `${path.basename(file)}: rejected`),
    'only a header.csv: completed',
  ]);
  const words = Object.fromEntries(run.result.exports.map(({ name, reasons }) => [name, reasons.join(' ')]));
  assert.match(words['empty.csv'] ?? '', /EMPTY/);
  assert.match(words['no-city.csv'] ?? '', /Patient City/);
  assert.match(words['twice.csv'] ?? '', /Event Name/);
  assert.match(words['unclosed.csv'] ?? '', /QUOTE_NEVER_CLOSED, line 8/);
  assert.match(words['unclosed-later-quotes.csv'] ?? '', /QUOTE_NEVER_CLOSED, line 8/);
  assert.match(words['too-many.csv'] ?? '', /1,?000/);
  assert.match(words['binary.csv'] ?? '', /BINARY/);
  assert.doesNotMatch(words['headerless.csv'] ?? '', /Patient1|Springfield/);
  for (const text of Object.values(words).slice(0, -1)) assert.match(text, /Cure: /);
  assert.deepEqual(await readReceived(received), []);
  assert.ok(run.result.exports.every(({ records, accepted }) => records === 0 && accepted === 0));
});

test('bad records go to quarantine with line, number and codes; the good ones are accepted; exit code 2', async () => {
  const text = plainExport(30, (number) =>
    number === 4 ? { 'Patient City': '' } : number === 9 ? { 'Creation Time': 'noon' } : {},
  );
  const out = path.join(folder, 'refusals');
  const run = await runStart(['--out', out, await fileOf('refusals.csv', text)]);
  assert.equal(run.code, 2, run.stdout + run.stderr);
  const [result] = run.result.exports;
  assert.deepEqual(
    { state: result?.state, accepted: result?.accepted, quarantined: result?.quarantined },
    { state: 'completedWithRefusals', accepted: 28, quarantined: 2 },
  );
  const names = await readdir(path.join(out, 'quarantine'), { recursive: true });
  const file = names.find((name) => name.endsWith('000001.csv')) ?? '';
  assert.ok(run.stdout.includes(path.join(out, 'quarantine', file)), 'the summary names the quarantine file');
  const quarantine = await readFile(path.join(out, 'quarantine', file), 'utf8');
  assert.match(quarantine, /4,5,MISSING_VALUE/);
  assert.match(quarantine, /9,10,BAD_TIME/);
});
