import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PatientReader, FhirServiceError, type FhirGet } from '../../../shared/fhir/patientReader.ts';
import { patientFields } from '../../../shared/fhir/patientFields.ts';
import { patientOf } from '../../support/fhirLog.ts';

const bundle = (ids: readonly string[], next?: string): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    entry: ids.map((id) => ({ resource: patientOf(id) })),
    ...(next && { link: [{ relation: 'next', url: next }] }),
  });
const idsOf = (url: string): string[] => new URL(url).searchParams.get('_id')?.split(',') ?? [];

function readerOn(get: FhirGet, tokens: string[] = ['t']) {
  const slept: number[] = [];
  const state = { elapsed: 0, utc: Date.parse('2026-11-21T06:00:00Z') };
  const clock = {
    now: () => state.utc + state.elapsed,
    monotonic: () => state.elapsed,
    sleep: async (ms: number) => void ((state.elapsed += ms), slept.push(ms)),
  };
  const token = async (renew: boolean): Promise<string> => (renew ? tokens[1] : tokens[0]) ?? '';
  const reader = new PatientReader({
    baseUrl: 'https://fhir',
    get,
    token,
    clock,
    random: () => 0.5,
    requestsPerSecond: 10,
  });
  return { reader, slept, state };
}

test('many at a time, each once, with its own audit header and a pace', async () => {
  const asked: string[][] = [];
  const { reader, slept } = readerOn(async (url, headers) => {
    assert.equal(headers['X-MS-AZUREFHIR-AUDIT-COLLECTOR'], 'ehr-purview-pipeline');
    assert.equal(headers['authorization'], 'Bearer t');
    asked.push(idsOf(url));
    return { status: 200, text: bundle(idsOf(url)) };
  });
  const ids = Array.from({ length: 250 }, (_, index) => `p${index}`);
  assert.equal((await reader.read([...ids, ...ids])).size, 250);
  assert.equal((await reader.read(ids)).get('p7')?.['Patient Last Name'], 'Familyp7');
  assert.deepEqual(
    asked.map(({ length }) => length),
    [100, 100, 50],
  );
  assert.deepEqual(slept, [100, 100], 'ten requests a second');
});

test('a patient that is gone is asked for once and not in the result', async () => {
  let requests = 0;
  const { reader } = readerOn(async () => ({ status: 200, text: bundle(++requests > 0 ? ['1'] : []) }));
  assert.deepEqual([...(await reader.read(['1', '2'])).keys()], ['1']);
  assert.deepEqual([...(await reader.read(['2'])).keys()], []);
  assert.equal(requests, 1);
});

test('further pages are followed, but never to another host', async () => {
  const urls: string[] = [];
  const { reader } = readerOn(async (url) => {
    urls.push(url);
    if (url.endsWith('page2')) return { status: 200, text: bundle(['2'], 'https://elsewhere/page3') };
    return { status: 200, text: bundle(['1'], 'https://fhir/Patient?page2') };
  });
  assert.equal((await reader.read(['1', '2', '3'])).size, 2);
  assert.equal(urls.length, 2);
});

test('what may pass is tried again, as long as the service asks, up to a minute', async () => {
  const answers = [
    { status: 429, text: '', retryAfter: '7' },
    { status: 503, text: '' },
    { status: 200, text: '<html>' },
    { status: 429, text: '', retryAfter: '3600' },
    { status: 200, text: bundle(['1']) },
  ];
  const { reader, slept } = readerOn(async () => answers.shift()!);
  assert.equal((await reader.read(['1'])).size, 1);
  assert.deepEqual(slept, [7000, 1000, 2000, 60_000]);
  assert.equal(reader.requests, 5);
});

test('a clock that is set back or forth changes nothing about the pace', async () => {
  const { reader, slept, state } = readerOn(async (url) => ({ status: 200, text: bundle(idsOf(url)) }));
  for (const [id, change] of [-3_600_000, 0, 7_200_000, 0].entries()) {
    await reader.read([String(id)]);
    state.utc += change;
  }
  assert.deepEqual(slept, [100, 100, 100]);
});

test('a date to wait for counts from the answer’s own date; what is no date of HTTP is no wait', async () => {
  const answers = [
    {
      status: 429,
      text: '',
      retryAfter: 'Sun, 06 Nov 2044 08:49:47 GMT',
      date: 'Sun, 06 Nov 2044 08:49:37 GMT',
    },
    { status: 429, text: '', retryAfter: '2044-11-06' },
    { status: 429, text: '', retryAfter: 'Nov 6 2044' },
    { status: 200, text: bundle(['1']) },
  ];
  const { reader, slept } = readerOn(async () => answers.shift()!);
  await reader.read(['1']);
  assert.deepEqual(slept, [10_000, 1000, 2000]);
});

test('a token that expired is renewed once', async () => {
  const used: string[] = [];
  const { reader } = readerOn(
    async (_, headers) => {
      used.push(headers['authorization']!);
      return used.length === 1 ? { status: 401, text: '' } : { status: 200, text: bundle(['1']) };
    },
    ['old', 'new'],
  );
  await reader.read(['1']);
  assert.deepEqual(used, ['Bearer old', 'Bearer new']);
});

test('what cannot pass is thrown with its status and cure', async () => {
  for (const [status, code, requests] of [
    [401, 'FHIR_FORBIDDEN', 2],
    [403, 'FHIR_FORBIDDEN', 1],
    [404, 'FHIR_FAILED', 1],
    [500, 'FHIR_FAILED', 7],
  ] as const) {
    const { reader } = readerOn(async () => ({ status, text: '' }));
    await assert.rejects(
      reader.read(['1']),
      (error: unknown) =>
        error instanceof FhirServiceError && error.reason.code === code && error.reason.status === status,
    );
    assert.equal(reader.requests, requests);
  }
  const { reader } = readerOn(() => Promise.reject(new Error('ECONNREFUSED')));
  await assert.rejects(reader.read(['1']), /FHIR_UNREACHABLE/);
});

test('the official name and the home address are taken, whatever stands beside them', () => {
  const fields = patientFields({
    resourceType: 'Patient',
    id: '1',
    name: [
      { use: 'maiden', family: 'Old', given: ['X'] },
      { use: 'official', family: 'Gone', given: ['X'], period: { end: '2020' } },
      { use: 'official', family: 'García Márquez', given: ['Gabriel', null, 'José', ''] },
    ],
    address: [
      { use: 'old', line: ['1'], city: 'O' },
      { line: [null, '2', '', 'rear'], city: 'Bogotá', postalCode: '110111', state: 'DC', country: 'CO' },
      { use: 'work', line: ['3'] },
    ],
  });
  assert.deepEqual(fields, {
    'Patient Reg Id': '1',
    'Patient First Name': 'Gabriel',
    'Patient Middle Name': 'José',
    'Patient Last Name': 'García Márquez',
    'Patient Address Line 1': '2',
    'Patient Address Line 2': 'rear',
    'Patient City': 'Bogotá',
    'Patient Zip Code': '110111',
    'Patient State': 'DC',
    'Patient Country': 'CO',
  });
  const named = (text: string) => patientFields({ resourceType: 'Patient', id: '1', name: [{ text }] });
  assert.deepEqual(
    [named('Maria del Carmen Roe'), named('Sukarno')].map((one) => [
      one['Patient First Name'],
      one['Patient Last Name'],
    ]),
    [
      ['Maria', 'Roe'],
      ['', ''],
    ],
  );
  assert.equal(patientFields({ resourceType: 'Patient', id: '1' })['Patient City'], '');
});
