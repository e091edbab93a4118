import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { ZipFile } from 'yazl';
import { awkwardExport } from '../support/awkward.ts';
import { runStart } from '../support/cli.ts';
import { plainExport } from '../support/healthcare.ts';
import { countTexts, cutRecords, readReceivedTexts } from '../support/received.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'formats-'));
after(() => rm(folder, { recursive: true }));

const RECORDS = 30;

/** An export as it comes, and what the connector is to get of it. */
type Form = {
  readonly name: string;
  readonly delimiter?: string;
  /** Delimiter of the bodies, where it differs. */
  readonly sent?: string;
  /** Characters outside of Windows-1252 become others first. */
  readonly western?: boolean;
  readonly pack: (text: string) => Buffer | Promise<Buffer>;
};

const utf8 = (text: string): Buffer => Buffer.from(text);
const withoutMark = (text: string): string => text.replace('\uFEFF', '');
const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');

const FORMS: readonly Form[] = [
  { name: 'little.csv', pack: utf16le },
  { name: 'big.csv', pack: (text) => utf16le(text).swap16() },
  { name: 'latin.csv', western: true, pack: (text) => iconv.encode(withoutMark(text), 'win1252') },
  { name: 'excel.csv', delimiter: ';', sent: ',', pack: utf8 },
  { name: 'excel.txt', delimiter: ';', sent: ',', pack: utf8 },
  { name: 'tabs.tsv', delimiter: '\t', pack: utf8 },
  { name: 'unicode text.TXT', delimiter: '\t', pack: utf16le },
  { name: 'pipes.psv', delimiter: '|', pack: utf8 },
  { name: 'pipes.txt', delimiter: '|', pack: (text) => utf8(withoutMark(text)) },
  { name: 'no extension', pack: utf8 },
  { name: 'UPPER.CSV', pack: utf8 },
  { name: 'packed.csv.gz', pack: (text) => gzipSync(text) },
  { name: 'packed.PSV.GZ', delimiter: '|', pack: (text) => gzipSync(utf16le(text)) },
  { name: 'packed.zip', pack: (text) => zipped('inner.csv', utf8(text)) },
  { name: 'tabs.csv.zip', delimiter: '\t', pack: (text) => zipped('inner.tab', utf8(text)) },
];

function zipped(name: string, content: Buffer): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addBuffer(content, name);
  zip.end();
  return new Response(zip.outputStream as unknown as ReadableStream)
    .bytes()
    .then((bytes) => Buffer.from(bytes));
}

/** The text as this form can hold it, with the form's number in each record. */
function inForm(text: string, number: number, { western = false }: Form): string {
  const marked = text.replaceAll('@hospital.example', `@form${number}.example`);
  return western ? marked.replaceAll(/[^\0-\xFF\uFEFF]/gu, 'ß') : marked;
}

test('every format arrives as the UTF-8 form of its records, byte for byte, each once', async () => {
  const files: string[] = [];
  const expected = new Map<string, string[]>();
  for (const [number, form] of FORMS.entries()) {
    const { delimiter = ',', sent = delimiter } = form;
    const file = path.join(folder, form.name);
    await writeFile(file, await form.pack(inForm(awkwardExport(RECORDS, delimiter).text, number, form)));
    files.push(file);
    const records = awkwardExport(RECORDS, sent).records.map((record) => inForm(record, number, form));
    expected.set(sent, [...(expected.get(sent) ?? []), ...records]);
  }
  // Quotes that open a field and never close one: the file uses no quoting.
  const cities = ['"Old Town" Nord', '"Old Town', 'Old Town'];
  const bare = plainExport(RECORDS, (number) => ({ 'Patient City': cities[number % 3] ?? '' })).replaceAll(
    ',',
    '\t',
  );
  const bareFile = path.join(folder, 'unquoted.tsv');
  await writeFile(bareFile, bare);
  files.push(bareFile);
  expected.set('unquoted', bare.split(/(?<=\n)/).slice(1));

  const received = path.join(folder, 'received');
  const limits = ['--chunk-records', '12', '--records-per-request', '5'];
  const run = await runStart([
    '--out',
    path.join(folder, 'out'),
    '--received',
    received,
    ...limits,
    ...files,
  ]);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.deepEqual(
    run.result.exports.map(({ name, state, accepted, chunks }) => ({ name, state, accepted, chunks })),
    files.map((file) => ({
      name: path.basename(file),
      state: 'completed',
      accepted: RECORDS,
      chunks: Math.ceil(RECORDS / 12),
    })),
  );
  const got = new Map<string, string[]>();
  for (const text of await readReceivedTexts(received)) {
    const sent = [',', '|', '\t'].find((each) => text.startsWith(awkwardExport(0, each).header)) ?? '';
    const isBare = text.includes('Old Town');
    const [, ...records] = isBare ? text.split(/(?<=\n)/) : cutRecords(text, sent);
    const key = isBare ? 'unquoted' : sent;
    got.set(key, [...(got.get(key) ?? []), ...records]);
  }
  assert.deepEqual([...got.keys()].toSorted(), [...expected.keys()].toSorted());
  for (const [key, records] of expected)
    assert.deepEqual(countTexts(got.get(key) ?? []), countTexts(records), `bodies with ${key}`);
});
