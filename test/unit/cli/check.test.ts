import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { checkExport, type CheckLimits, type CheckResult } from '../../../local/cli/checkExport.ts';
import { checkReport } from '../../../local/cli/checkReport.ts';
import { initMapping } from '../../../local/cli/initMapping.ts';
import { readInputs } from '../../../local/cli/inputs.ts';
import { DEFAULT_SPLIT_SETTINGS } from '../../../shared/export/services.ts';
import type { MappingFile } from '../../../shared/schema/mappingFile.ts';
import { runCli } from '../../support/cli.ts';
import { HEADER_COLUMNS, plainExport } from '../../support/healthcare.ts';
import { ARRIVED_AT, healthcare } from '../../support/judging.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'check-'));
after(() => rm(folder, { recursive: true }));

async function put(name: string, content: string | Buffer): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
}

async function check(
  name: string,
  content: string | Buffer,
  mapping: MappingFile = {},
  limits: Partial<CheckLimits> = {},
): Promise<CheckResult> {
  return checkExport(await put(name, content), name, {
    rules: { schema: healthcare, mapping },
    limits: { ...DEFAULT_SPLIT_SETTINGS, recordsPerRequest: 10, ...limits },
    arrivedAt: ARRIVED_AT,
    onProgress: () => {},
  });
}

const cities = (bad: readonly number[], city = 'Z\u00fcrich') => (number: number) => ({ 'Patient City': bad.includes(number) ? '' : city }); // prettier-ignore
const with2Bad = plainExport(20, cities([3, 7]));

describe('checkExport', () => {
  test('counts, names lines, and tells what sending takes', async () => {
    const { format, mapping, seconds, bytes, ...rest } = await check('a.csv', with2Bad);
    assert.deepEqual(rest, {
      name: 'a.csv',
      state: 'completedWithRefusals',
      records: 20,
      accepted: 18,
      quarantined: 2,
      refusals: { 'MISSING_VALUE Patient City': 2 },
      warnings: { 'MISSING_VALUE Restricted Access Reason': 20 },
      lines: { 'MISSING_VALUE Patient City': [4, 8] },
      requests: 2,
      reasons: [],
    });
    assert.deepEqual(format, { packing: 'none', delimiter: ',', quoting: 'double', encoding: 'utf-8' });
    assert.equal(mapping.length, 24);
    assert.equal(bytes, Buffer.byteLength(with2Bad));
    assert.ok(seconds >= 0);
  });

  for (const [name, content, packing, encoding, delimiter] of [
    ['utf16.csv', iconv.encode(with2Bad, 'utf16le', { addBOM: true }), 'utf-16', 'utf-8', ','],
    ['latin.csv', iconv.encode(with2Bad, 'windows-1252'), 'none', 'windows-1252', ','],
    ['packed.csv.gz', gzipSync(with2Bad), 'gzip', 'utf-8', ','],
    ['bom.CSV', `\uFEFF${with2Bad}`, 'none', 'utf-8', ','],
    ['excel.csv', with2Bad.replaceAll(',', ';'), 'none', 'utf-8', ';'],
    ['pipes.txt', with2Bad.replaceAll(',', '|'), 'none', 'utf-8', '|'],
    ['tabs', with2Bad.replaceAll(',', '\t'), 'none', 'utf-8', '\t'],
  ] as const)
    test(`${name} is judged alike`, async () => {
      const result = await check(name, content);
      assert.deepEqual(result.format, { packing, delimiter, quoting: 'double', encoding });
      assert.deepEqual(result.lines, { 'MISSING_VALUE Patient City': [4, 8] });
      assert.equal(result.accepted, 18);
    });

  test('rejects what the split would reject', async () => {
    for (const [content, code, mapping] of [
      [plainExport(10, cities([1, 2, 3])), 'TOO_MANY_REFUSED', {}],
      [with2Bad, 'RECORD_REFUSED', { policy: 'refuseExport' }],
      [with2Bad.replace('Patient City', 'Ort'), 'MISSING_COLUMN', {}],
      [`${with2Bad}"open\n`, 'QUOTE_NEVER_CLOSED', {}],
      ['', 'EMPTY_FILE', {}],
    ] as const satisfies readonly (readonly [string, string, MappingFile])[]) {
      const result = await check('r.csv', content, mapping);
      assert.deepEqual([result.state, result.accepted, result.requests], ['rejected', 0, 0]);
      assert.match(result.reasons[0]!, new RegExp(`^${code}\\b`));
      assert.match(checkReport(result), /cannot be sent/);
    }
  });

  test('shows no value, neither of good records nor of bad ones', async () => {
    const marked = plainExport(9, (number) => Object.fromEntries(HEADER_COLUMNS.map((name, i) => [name, `canary${number}x${i}`]))); // prettier-ignore
    const headerless = marked.slice(marked.indexOf('\n') + 1);
    for (const content of [marked, headerless, `${marked}"canary`]) {
      const result = await check('c.csv', content);
      assert.equal(result.state, 'rejected');
      assert.doesNotMatch(JSON.stringify(result) + checkReport(result), /canary/);
    }
  });

  test('reports on a terminal what is found, and where', async () => {
    const report = checkReport(await check('a.csv', with2Bad));
    for (const words of [/18 would be sent, 2 set aside/, /comma-separated, utf-8/, /MISSING_VALUE Patient City\D+2\D+4, 8/, /2 requests/])
      assert.match(report, words); // prettier-ignore
  });
});

describe('npm run check', () => {
  test('ends with 0, 2 or 1, and with --json on one last line', async () => {
    const good = await put('good.csv', plainExport(3));
    const bad = await put('bad.csv', plainExport(20, cities([3])));
    const both = await runCli(['check', good, bad, folder, '--json']);
    const { exports } = JSON.parse(both.stdout.trim().split('\n').at(-1)!) as { exports: CheckResult[] };
    assert.equal(both.code, 2);
    assert.deepEqual(
      exports.map(({ name, state }) => [name, state]),
      [['good.csv', 'completed'], ['bad.csv', 'completedWithRefusals'], [path.basename(folder), 'rejected']], // prettier-ignore
    );
    assert.equal((await runCli(['check', good])).code, 0);
    const missing = await runCli(['check', path.join(folder, 'none.csv')]);
    assert.deepEqual([missing.code, /There is no file/.test(missing.stderr)], [1, true]);
    const broken = await runCli(['check', good, '--mapping', await put('broken.json', '{')]);
    assert.deepEqual([broken.code, /it is not JSON/.test(broken.stderr)], [1, true]);
  });
});

describe('as the functions would judge', () => {
  test('limits and mapping come from the same settings', async () => {
    const limited = { MAX_EXPORT_RECORDS: '19', MAX_EXPORT_BYTES: '9000' };
    const many = await runCli(['check', '--json', await put('limit.csv', plainExport(20))], limited);
    assert.equal(many.code, 2);
    assert.match(many.stdout, /TOO_MANY_RECORDS.*MAX_EXPORT_RECORDS/);
    const large = await runCli(['check', '--json', await put('large.csv', plainExport(100))], limited);
    assert.match(large.stdout, /TOO_LARGE.*MAX_EXPORT_BYTES/);
    const wrong = await runCli(['check', await put('w.csv', plainExport(1))], { MAX_EXPORT_BYTES: 'lots' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /MAX_EXPORT_BYTES: expected/);
    const mapped = { CONNECTOR_HEALTHCARE_MAPPING: '{"columns":{"Patient City":"Ort"}}' };
    const other = await runCli(
      ['check', await put('ort.csv', plainExport(3).replace('Patient City', 'Ort'))],
      mapped,
    );
    assert.equal(other.code, 0, other.stdout + other.stderr);
  });

  test('a header alone is marked, a name of a file still being written is refused', async () => {
    const run = await runCli([
      'check',
      '--json',
      await put('none today.csv', plainExport(0)),
      await put('half.csv.part', plainExport(2)),
    ]);
    assert.equal(run.code, 2);
    const { exports } = JSON.parse(run.stdout) as { exports: CheckResult[] };
    assert.deepEqual(
      exports.map(({ state, reasons }) => `${state} ${reasons[0]?.split(':')[0] ?? ''}`),
      ['completed NO_RECORDS', 'rejected PARTIAL_NAME'],
    );
  });
});

describe('--init', () => {
  let lines: string[] = [];
  const output = async (run: () => Promise<number>): Promise<[number, string]> => {
    lines = [];
    const { log, error } = console;
    console.log = console.error = (line: string) => void lines.push(line);
    try {
      return [await run(), lines.join('\n')];
    } finally {
      Object.assign(console, { log, error });
    }
  };
  const init = async (file: string, overwrite = false): Promise<[number, string]> => {
    const inputs = await readInputs([file]);
    return output(() =>
      initMapping(
        inputs,
        { connector: 'healthcare', schema: 'healthcare', overwrite },
        path.join(folder, 'mappings'),
      ),
    );
  };

  test('proposes a mapping, shows what the portal asks for, and never overwrites unasked', async () => {
    const columns = HEADER_COLUMNS.map((name) =>
      name === 'Creation Time' ? 'ACCESS_INSTANT' : name.replaceAll(' ', '_'),
    );
    const sample = await put(
      'sample.csv',
      plainExport(5).replace(HEADER_COLUMNS.join(','), columns.join(',')),
    );
    const [code, text] = await init(sample);
    assert.equal(code, 0);
    assert.match(text, /Creation Time \*\D+ACCESS_INSTANT\D+90 %/);
    assert.match(text, /File mapping/);
    const written = await readFile(path.join(folder, 'mappings', 'healthcare.json'), 'utf8');
    assert.equal((JSON.parse(written) as MappingFile).columns?.['Creation Time'], 'ACCESS_INSTANT');
    await assert.rejects(init(sample), {
      message: /is there already and was left as it is/,
      cure: /--print/,
    });
    assert.deepEqual(lines, [], 'nothing is shown before');
    assert.equal((await init(sample, true))[0], 0);
    const checked = await runCli([
      'check',
      sample,
      '--mapping',
      path.join(folder, 'mappings', 'healthcare.json'),
    ]);
    assert.equal(checked.code, 0, checked.stderr + checked.stdout);
  });

  test('writes the columns that do not go by the name of their field, and with --print nothing', async () => {
    const mappings = path.join(folder, 'other mappings');
    const sample = await put('plain.csv', plainExport(5).replace('Creation Time', 'ACCESS_INSTANT'));
    const inputs = await readInputs([sample]);
    const options = { connector: 'healthcare', schema: 'healthcare' };
    const file = path.join(mappings, 'healthcare.json');
    for (const print of [true, false, true]) {
      const [code, text] = await output(() => initMapping(inputs, { ...options, print }, mappings));
      assert.deepEqual([code, text.includes('Patient City'), text.includes('Wrote')], [0, true, !print]);
      if (print) continue;
      const { columns } = JSON.parse(await readFile(file, 'utf8')) as MappingFile;
      assert.deepEqual(columns, { 'Creation Time': 'ACCESS_INSTANT' });
      await rm(file);
    }
    await assert.rejects(readFile(file), { code: 'ENOENT' });
  });

  test('options that go with --init are not ignored without it', async () => {
    const run = await runCli(['check', '--print', await put('p.csv', plainExport(1))]);
    assert.deepEqual([run.code, /--print goes with --init/.test(run.stderr)], [1, true]);
  });

  test('takes a sample that is packed or UTF-16', async () => {
    const text = plainExport(5).replaceAll(',', '\t');
    const samples = [
      await put('sample.txt', iconv.encode(`\uFEFF${text}`, 'utf16le')),
      await put('sample.tsv.gz', gzipSync(text)),
    ];
    for (const sample of samples) {
      const [code, words] = await init(sample, true);
      assert.equal(code, 0, words);
    }
  });

  test('says what is still missing, and shows nothing of a sample without a header', async () => {
    const [code, text] = await init(await put('few.csv', 'access_time,City\n2026-11-20,X\n'), true);
    assert.equal(code, 2);
    assert.match(text, /Still without a column, and mandatory: Event Name/);
    const records = plainExport(2);
    const [refused, words] = await init(
      await put('none.csv', records.slice(records.indexOf('\n') + 1)),
      true,
    );
    assert.equal(refused, 2);
    assert.match(words, /NO_HEADER/);
    assert.doesNotMatch(words, /Springfield/);
  });
});
