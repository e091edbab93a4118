import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeaderKeys, encryptHeaderValue } from '../../../shared/fhir/headerCipher.ts';
import { sourceKey } from '../../../shared/fhir/auditBlobs.ts';
import { DEFAULT_HEADER_TABLE, parseHeaderTable } from '../../../shared/fhir/headerTable.ts';
import { listSliceMarks } from '../../../shared/fhir/sliceMarks.ts';
import { auditLine, HOUR, OWN_OID, request, SOURCE, testCollector } from '../../support/fhirLog.ts';

const KEY = sourceKey(SOURCE.toLowerCase());
const HOUR_MS = 3_600_000;

test('an access becomes one record, in an export named after hour and source', async () => {
  const collector = testCollector();
  collector.put(request());
  const { slices } = await collector.run();
  assert.deepEqual(
    [...collector.exports()],
    [
      [
        `healthcare/fhir/2026-11-21/13-${KEY}-1.csv`,
        'Creation Time,Event Name,Workstation Id,Event Section,Event Category,Patient Reg Id,Patient First Name,' +
          'Patient Middle Name,Patient Last Name,Patient Address Line 1,Patient Address Line 2,Patient City,Patient Zip Code,' +
          'Patient State,Patient Country,Patient Department,Restricted Access Reason,Restricted Access Comment,Email Address (UPN),' +
          'SamAccountName,Employee User Name,Employee Id,Employee Last Name,Employee First Name\r\n' +
          '2026-11-21T13:00:01Z,read Patient,,Patient,Access,1,Given1,,Family1,1 Main St,,City1,Z1,,,Ward 1,,,,jdoe,,,,\r\n',
      ],
    ],
  );
  assert.equal(slices[0]?.counts.records, 1);
  assert.equal(collector.quarantine().size, 0);
});

test('what was read is not read again, what was appended later becomes a further export', async () => {
  const collector = testCollector();
  collector.put(request({ id: 'a', path: '/Patient/1' }));
  await collector.run();
  await collector.run();
  assert.equal(collector.exports().size, 1);
  collector.put(request({ id: 'a', path: '/Patient/1' }) + request({ id: 'b', path: '/Patient/2' }));
  await collector.run();
  assert.deepEqual(
    [...collector.exports().keys()],
    [`healthcare/fhir/2026-11-21/13-${KEY}-1.csv`, `healthcare/fhir/2026-11-21/13-${KEY}-2.csv`],
  );
  assert.deepEqual(
    collector.records().map((record) => record.split(',')[5]),
    ['1', '2'],
  );
});

test('an hour that runs, or has only just ended, is left alone', async () => {
  const collector = testCollector({ now: HOUR + HOUR_MS + 599_999 });
  collector.put(request());
  assert.deepEqual((await collector.run()).slices, []);
  collector.state.now += 1;
  assert.equal((await collector.run()).slices.length, 1);
});

test('a torn last line is read once it is whole, or once the blob rests', async () => {
  const collector = testCollector();
  const whole = request({ id: 'a', path: '/Patient/1' }) + auditLine({ id: 'b', path: '/Patient/2' });
  collector.put(whole.slice(0, -40), HOUR, SOURCE, collector.state.now);
  await collector.run();
  assert.equal(collector.records().length, 1);
  await collector.run();
  collector.put(whole, HOUR, SOURCE, collector.state.now);
  await collector.run();
  assert.equal(collector.records().length, 1);
  collector.state.now += HOUR_MS + 1;
  await collector.run();
  assert.deepEqual(
    collector.records().map((record) => record.split(',')[5]),
    ['1', '2'],
  );
});

test('the two entries of a request may lie in two blobs, in either order; the end decides', async () => {
  const collector = testCollector({ now: HOUR + 3 * HOUR_MS });
  const start = (id: string): string => `${auditLine({ id, result: 'Started', path: `/Patient/${id}` })}\n`;
  const end = (id: string, result = 'Succeeded'): string =>
    `${auditLine({ id, result, path: `/Patient/${id}` })}\n`;
  collector.put(start('1') + end('2') + start('3') + end('4'), HOUR);
  collector.put(end('1') + start('2') + end('3', 'Failed') + start('4'), HOUR + HOUR_MS);
  await collector.run();
  assert.deepEqual(
    collector.records().map((record) => record.split(',')[5]),
    ['2', '4', '1'],
  );
  collector.state.now += 5 * HOUR_MS;
  collector.put(request({ id: 'x', path: '/Patient/9' }), HOUR + 5 * HOUR_MS);
  await collector.run();
  assert.equal(collector.quarantine().size, 0);
});

test('an end that says little is filled up from its beginning', async () => {
  const collector = testCollector();
  const bare = { id: 'a', headers: {} };
  collector.put(
    `${auditLine({ ...bare, headers: { USERID: 'jdoe' }, result: 'Started' })}\n${auditLine(bare)}\n`,
  );
  await collector.run();
  assert.match(collector.records()[0] ?? '', /jdoe/);
});

test('a beginning whose end never comes is told in quarantine', async () => {
  const collector = testCollector({ now: HOUR + 10 * HOUR_MS });
  collector.put(`${auditLine({ result: 'Started' })}\n`);
  collector.put(request({ id: 'b' }), HOUR + 3 * HOUR_MS);
  await collector.run();
  assert.match([...collector.quarantine().values()].join(''), /^1?,?.*NO_END/m);
  assert.equal(collector.records().length, 1);
});

test('own reads are left out by header and oid together; a stranger who sends the header is not hidden', async () => {
  const collector = testCollector();
  const headers = { COLLECTOR: 'ehr-purview-pipeline', USERID: 'jdoe' };
  collector.put(
    request({ id: 'own', headers, oid: OWN_OID, path: '/Patient?_id=1,2&_count=2' }) +
      request({ id: 'fake', headers, oid: 'ffff', path: '/Patient/3' }),
  );
  const { slices } = await collector.run();
  assert.deepEqual(
    collector.records().map((record) => record.split(',')[5]),
    ['3'],
  );
  assert.equal(slices[0]?.counts.ownReads, 2);
});

test('failures, other interactions and searches that name nobody are counted, not carried', async () => {
  const collector = testCollector();
  collector.put(
    request({ id: 'a', result: 'Failed' }) +
      request({ id: 'b', interaction: 'create', path: '/Patient' }) +
      request({ id: 'c', interaction: 'search-type', path: '/Patient?name=smith' }),
  );
  const { slices } = await collector.run();
  assert.equal(collector.exports().size, 0);
  assert.equal(collector.quarantine().size, 0);
  const { counts } = slices[0]!;
  assert.deepEqual([counts.unsuccessful, counts.otherInteractions, counts.withoutPatient], [1, 2, 2]);
});

test('what cannot be filled goes to quarantine with its reason and what is known', async () => {
  const collector = testCollector({ gone: ['5'] });
  collector.put(
    request({ id: 'a', path: '/Patient/5' }) +
      request({ id: 'b', headers: {}, path: '/Patient/6' }) +
      request({ id: 'c', time: 'yesterday', path: '/Patient/7' }),
  );
  const { slices } = await collector.run();
  const [[name, text]] = [...collector.quarantine()] as [[string, string]];
  assert.equal(name, `healthcare/2026-11-21/fhir-13/${KEY}-1.csv`);
  assert.deepEqual(
    text
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(',').slice(0, 3)),
    [
      ['1', '2', 'PATIENT_GONE'],
      ['2', '4', 'NO_USER_HEADER'],
      ['3', '6', 'BAD_TIME'],
    ],
  );
  assert.deepEqual(slices[0]?.counts.codes, { PATIENT_GONE: 1, NO_USER_HEADER: 1, BAD_TIME: 1 });
  assert.deepEqual(collector.state.asked, ['5', '7'], 'nobody is asked for without a user');
});

test('malformed lines are counted and kept as they came, and the rest is carried', async () => {
  const collector = testCollector();
  collector.put(
    `{"broken": "a""\n${request()}[1]\n\n{"operationName":"x/read","resultType":"Succeeded","properties":"no json"}\n`,
  );
  const { slices } = await collector.run();
  assert.equal(slices[0]?.counts.malformed, 3);
  assert.equal(collector.records().length, 1);
  assert.equal(
    collector.quarantine().get(`healthcare/2026-11-21/fhir-13/${KEY}-1-lines.csv`),
    'line number,codes,line\r\n1,BAD_LINE,"{""broken"": ""a"""""\r\n4,BAD_LINE,"[1]"\r\n' +
      '6,BAD_LINE,"{""operationName"":""x/read"",""resultType"":""Succeeded"",""properties"":""no json""}"\r\n',
  );
});

test('a line too long to be an entry is named by where it lies, and does not hold up the blob', async () => {
  const collector = testCollector();
  const long = 'x'.repeat(3 * 2 ** 20);
  collector.put(`${long}\n${request()}${long}`, HOUR, SOURCE, collector.state.now);
  await collector.run();
  assert.equal(collector.records().length, 1);
  assert.match(
    [...collector.quarantine().values()][0] ?? '',
    /1,LINE_TOO_LONG,bytes 0 to 3145729\r\n4,LINE_TOO_LONG/,
  );
  assert.deepEqual((await collector.run()).slices, []);
});

test('properties as a string and headers one level down mean the same', async () => {
  const collector = testCollector();
  const inner = { fhirResourceType: 'Patient', custom: { 'x-ms-azurefhir-audit-userid': 'jdoe' } };
  collector.put(
    request({ properties: JSON.stringify(inner) }) +
      request({ id: 'b', properties: inner, time: '2026-11-21T13:00:01.1234567Z' }),
  );
  await collector.run();
  assert.deepEqual(
    collector.records().map((record) => [record.split(',')[0], record.split(',')[19]]),
    [
      ['2026-11-21T13:00:01Z', 'jdoe'],
      ['2026-11-21T13:00:01.123Z', 'jdoe'],
    ],
  );
});

test('encrypted values come out in clear; with a wrong or a missing key the access waits in quarantine, encrypted', async () => {
  const text = (byte: string): string => Buffer.from(byte.repeat(32)).toString('base64');
  const [old, next, wrong] = [
    `old=${text('a')}`,
    `new=${text('b')};old=${text('a')}`,
    `new=${text('c')}`,
  ].map((keys) => parseHeaderKeys(keys)!);
  const sent = (id: string, keys: typeof old) => {
    const token = encryptHeaderValue(`user ${id}`, 'USERID', keys!);
    return { token, line: request({ id, path: `/Patient/${id}`, headers: { USERID: token } }) };
  };
  const [first, second] = [sent('1', old), sent('2', next)];
  const good = testCollector({ settings: { keys: next } });
  good.put(first.line + second.line);
  await good.run();
  assert.deepEqual(
    good.records().map((record) => record.split(',')[19]),
    ['user 1', 'user 2'],
  );

  const bad = testCollector({ settings: { keys: wrong } });
  bad.put(first.line + second.line);
  const { slices } = await bad.run();
  assert.equal(bad.records().length, 0);
  assert.deepEqual(slices[0]?.counts.codes, {
    'HEADER_KEY_UNKNOWN USERID': 1,
    'HEADER_UNREADABLE USERID': 1,
  });
  const kept = [...bad.quarantine().values()][0] ?? '';
  assert.ok(kept.includes(first.token) && kept.includes(second.token), 'kept for when the key is there');
});

/** Ten headers of as many values as fit, each encrypted with a key of another name. */
const strangeHeaders = (name: (index: number) => string): Record<string, string> => {
  let keys = 0;
  const value = (): string => {
    const values: string[] = [];
    for (let next = ''; `${values.join(', ')}, ${next}`.length <= 2_048;) {
      if (next !== '') values.push(next);
      next = `enc1.${name(keys++)}.${'A'.repeat(38)}`;
    }
    return values.join(', ');
  };
  const table = parseHeaderTable(DEFAULT_HEADER_TABLE);
  return Object.fromEntries(table.map(({ header }) => [header, value()]));
};

test('names of keys that a caller makes up neither stop the collection nor leave the quarantine', async () => {
  const collector = testCollector({ now: HOUR + 3 * HOUR_MS });
  const headers = strangeHeaders((index) => `Doe_John_MRN${index}`);
  const count = Object.values(headers).join().split('enc1.').length - 1;
  assert.ok(count > 250, `${count} names`);
  collector.put(
    Array.from({ length: 6 }, (_, index) =>
      request({ id: `${index}`, headers: strangeHeaders((key) => `k${index}-${key}`) }),
    ).join('') + request({ id: 'x', headers }),
  );
  collector.put(request(), HOUR + HOUR_MS);
  const { slices } = await collector.run();
  assert.equal(slices[0]?.counts.quarantined, 7);
  assert.equal(collector.records().length, 1, 'the hour after it is carried');
  assert.match([...collector.quarantine().values()].join(''), /Doe_John_MRN0/);
  const told = JSON.stringify([collector.state.logged, collector.marks.rows()]);
  assert.doesNotMatch(told, /Doe|MRN|k0-/);
  assert.deepEqual(
    Object.keys(slices[0]!.counts.codes),
    parseHeaderTable(DEFAULT_HEADER_TABLE).map(({ header }) => `HEADER_KEY_UNKNOWN ${header}`),
  );
});

test('a very long table of headers makes no more codes than a row of the ledger holds', async () => {
  const names = Array.from({ length: 300 }, (_, index) => `NAME-${String(index).padStart(200, '0')}`);
  const rules = names.map((name) => `${name}=Workstation Id`).join(';');
  const collector = testCollector({ settings: { table: parseHeaderTable(rules) } });
  const lines = names.map((name) => request({ id: name, headers: { [name]: `enc1.k.${'A'.repeat(38)}` } }));
  collector.put(lines.join(''));
  const { slices } = await collector.run();
  const { codes, quarantined } = slices.at(-1)!.counts;
  assert.equal(quarantined, 300);
  assert.equal(Object.keys(codes).length, 101);
  assert.equal(codes['OTHER'], 201);
});

test('a search that names several patients is an access to each', async () => {
  const collector = testCollector();
  collector.put(request({ interaction: 'search-type', path: '/Patient?_id=1,2%2C3' }));
  await collector.run();
  assert.deepEqual(
    collector.records().map((record) => record.split(',')[5]),
    ['1', '2', '3'],
  );
});

test('a search may name as many patients as a line holds', async () => {
  const collector = testCollector();
  const ids = Array.from({ length: 130_000 }, (_, index) => index.toString(36));
  collector.put(request({ interaction: 'search-type', path: `/Patient?_id=${ids.join(',')}` }));
  const { slices } = await collector.run();
  assert.equal(slices[0]?.counts.records, ids.length);
});

test('several FHIR services in one container keep apart', async () => {
  const collector = testCollector();
  collector.put(request());
  collector.put(request(), HOUR, `${SOURCE}2`);
  await collector.run();
  assert.equal(collector.exports().size, 2);
  const narrow = testCollector({ settings: { source: '/fhirservices/f2' } });
  narrow.put(request());
  narrow.put(request(), HOUR, `${SOURCE}2`);
  await narrow.run();
  assert.equal(narrow.exports().size, 1);
});

test('the figures of every slice are kept, as numbers and codes', async () => {
  const collector = testCollector({ gone: ['2'] });
  collector.put(request({ id: 'a' }) + request({ id: 'b', path: '/Patient/2' }));
  await collector.run();
  const marks = [];
  for await (const mark of listSliceMarks(collector.marks, '2026-11-21T13', '2026-11-21T14'))
    marks.push(mark);
  assert.equal(marks.length, 1);
  const { key, number, slice, counts } = marks[0]!;
  assert.deepEqual([key, number, slice.hour], [KEY, 1, HOUR]);
  assert.deepEqual(
    [counts.entries, counts.records, counts.quarantined, counts.codes],
    [4, 1, 1, { PATIENT_GONE: 1 }],
  );
});
