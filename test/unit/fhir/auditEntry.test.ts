import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAuditEntry } from '../../../shared/fhir/auditEntry.ts';
import { auditTime } from '../../../shared/fhir/auditTime.ts';
import { targetOf } from '../../../shared/fhir/patientIds.ts';
import { auditLine } from '../../support/fhirLog.ts';

test('an entry as Microsoft shows it', () => {
  const line =
    '{"time":"2021-08-02 16:01:29Z","resourceId":"/SUBSCRIPTIONS/0","operationName":"Microsoft.HealthcareApis/services/fhir-R4/read","category":"AuditLogs","resultType":"Succeeded","resultSignature":200,"durationMs":12,"callerIpAddress":"::ffff:73.164.17.31","correlationId":"5d04","identity":{"claims":{"iss":"https://sts.windows.net/0/","oid":"ABC"}},"level":"Informational","location":"South Central US","uri":"https://x.fhir.azurehealthcareapis.com:443/Patient/123","properties":{"fhirResourceType":"Patient","X-MS-AZUREFHIR-AUDIT-USERID":"1234"}}';
  assert.deepEqual(parseAuditEntry(line), {
    time: '2021-08-02 16:01:29Z',
    interaction: 'read',
    result: 'Succeeded',
    correlationId: '5d04',
    uri: 'https://x.fhir.azurehealthcareapis.com:443/Patient/123',
    resourceType: 'Patient',
    callerOid: 'abc',
    headers: new Map([['USERID', '1234']]),
  });
});

test('headers stand in properties or one level down, in an object or a string, in any case', () => {
  const headers = { 'x-ms-azurefhir-audit-UserId': 'jdoe' };
  for (const properties of [
    headers,
    JSON.stringify(headers),
    { inner: headers },
    { inner: JSON.stringify(headers) },
    JSON.stringify({ inner: JSON.stringify(headers) }),
  ])
    assert.deepEqual(parseAuditEntry(auditLine({ properties }))?.headers, new Map([['USERID', 'jdoe']]));
  assert.equal(parseAuditEntry(auditLine({ properties: { a: { b: headers } } }))?.headers.size, 0);
});

test('what is no entry is told apart from one that says little', () => {
  for (const line of [
    '',
    'null',
    '[]',
    '"text"',
    '7',
    '{',
    '{}',
    '{"operationName":"a/read"}',
    auditLine({ properties: 'text' }),
  ])
    assert.equal(parseAuditEntry(line)?.interaction, undefined, line);
  assert.equal(parseAuditEntry('{"operationName":"a/read","resultType":"Succeeded"}')?.uri, '');
});

test('an operation is known by its name in the URI, whatever the log calls it', () => {
  const entry = parseAuditEntry(
    auditLine({ interaction: 'operation', path: '/Patient/1/$everything?start=2020' }),
  );
  assert.equal(entry?.interaction, 'everything');
});

test('what only looks like an operation hides no access', () => {
  const interactionOf = (path: string): string | undefined =>
    parseAuditEntry(auditLine({ interaction: 'read', path }))?.interaction;
  assert.equal(interactionOf('/Patient/1?_tag=/$hidden'), 'read');
  assert.equal(interactionOf('/Patient/1#/$hidden'), 'read');
  assert.equal(interactionOf('/Patient/1/%24everything/'), 'everything');
});

test('values nested ever so deep are no text, and no reason to fail', () => {
  const deep = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`;
  const line = auditLine({ headers: { USERID: 'jdoe', DEEP: '@' } }).replace('"@"', deep);
  const entry = parseAuditEntry(line.replace('"correlationId":"c1"', `"correlationId":${deep}`));
  assert.deepEqual(
    [...(entry?.headers ?? [])],
    [
      ['USERID', 'jdoe'],
      ['DEEP', ''],
    ],
  );
  assert.equal(entry?.correlationId, '');
});

test('times in every form seen become ISO 8601 UTC', () => {
  for (const [written, iso] of [
    ['2021-08-02 16:01:29Z', '2021-08-02T16:01:29Z'],
    ['2021-08-02T16:01:29Z', '2021-08-02T16:01:29Z'],
    ['2021-08-02T16:01:29.1234567Z', '2021-08-02T16:01:29.123Z'],
    ['2021-08-02T16:01:29.5Z', '2021-08-02T16:01:29.500Z'],
    ['2021-08-02T18:01:29+02:00', '2021-08-02T16:01:29Z'],
    ['2021-08-02 16:01:29', '2021-08-02T16:01:29Z'],
    ['2021-02-30 16:01:29Z', undefined],
    ['2021-08-02 24:01:29Z', undefined],
    ['8/2/2021 4:01:29 PM', undefined],
    ['', undefined],
  ] as const)
    assert.equal(auditTime(written), iso, written);
});

test('the patients that a URI names', () => {
  for (const [uri, patients, type] of [
    ['https://h:443/Patient/123', ['123'], 'Patient'],
    ['/Patient/a-1.B', ['a-1.B'], 'Patient'],
    ['https://h/base/Patient/123/_history/2', ['123'], 'Patient'],
    ['https://h/%50atient/%31%32%33', ['123'], 'Patient'],
    ['https://h/Patient/100%', [], 'Patient'],
    ['https://h/Patient/123/$everything', ['123'], 'Patient'],
    ['https://h/Patient/123/Observation?code=1', ['123'], 'Observation'],
    ['https://h/Observation?patient=123', ['123'], 'Observation'],
    ['https://h/Observation?patient=Patient/123&code=1', ['123'], 'Observation'],
    ['https://h/Observation?subject=Patient%2F123', ['123'], 'Observation'],
    ['https://h/Observation?subject:Patient=123', ['123'], 'Observation'],
    ['https://h/Observation?subject=https://h/Patient/123', ['123'], 'Observation'],
    ['https://h/Patient?_id=1,2,1%2C3&_count=9', ['1', '2', '3'], 'Patient'],
    ['https://h/Observation?subject=Group/9', [], 'Observation'],
    ['https://h/Observation?_id=5', [], 'Observation'],
    ['https://h/Observation/5', [], 'Observation'],
    ['https://h/Patient?name=smith', [], 'Patient'],
    ['https://h/Observation?patient.name=smith', [], 'Observation'],
    ['https://h/Observation?patient:identifier=mrn|1', [], 'Observation'],
    ['https://h/Patient/_search', [], 'Patient'],
    ['https://h/Patient/$export', [], 'Patient'],
    ['https://h/Patient/', [], 'Patient'],
    ['https://h/metadata', [], ''],
  ] as const)
    assert.deepEqual(targetOf(uri), { patients, resourceType: type }, uri);
  assert.equal(targetOf('http://['), undefined);
});
