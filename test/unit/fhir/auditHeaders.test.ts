import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditHeaderError, auditHeaders, type AuditValues } from '../../../shared/fhir/auditHeaders.ts';
import { auditFetch } from '../../../shared/fhir/auditFetch.ts';

const PREFIX = 'X-MS-AZUREFHIR-AUDIT-';

test('names go out in upper case, repeats are joined, what is not given is left out', () => {
  assert.deepEqual(auditHeaders({ userId: 'jdoe', UserLocation: ['A', 'B'], none: undefined, empty: [] }), {
    [`${PREFIX}USERID`]: 'jdoe',
    [`${PREFIX}USERLOCATION`]: 'A, B',
  });
  assert.deepEqual(auditHeaders({ USERID: 'a', userid: ['b', 'c'] }), { [`${PREFIX}USERID`]: 'a, b, c' });
  assert.deepEqual(auditHeaders({}), {});
});

test('white space around a value is measured as it arrives: not at all', () => {
  assert.deepEqual(auditHeaders({ A: ` ${'v'.repeat(2048)}\t` }), { [`${PREFIX}A`]: 'v'.repeat(2048) });
});

test('a refusal names rule, number and cure, and never the value', () => {
  const cases: readonly [AuditValues, string, RegExp][] = [
    [{ A: 'canary'.repeat(400) }, 'length', /has length of 2400\. Cure: Shorten it by 352 characters/],
    [{ A: 'canary\u0000' }, 'characters', /X-MS-AZUREFHIR-AUDIT-A holds a character/],
    [{ A: 'canary\r\nInjected: 1' }, 'characters', /A holds a character/],
    [{ A: 'canary Åse' }, 'characters', /Encrypt the value/],
    [{ 'A:B': 'canary' }, 'name', /no HTTP header name may hold/],
    [{ '': 'canary' }, 'name', /name is empty/],
    [
      Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`N${n}`, 'canary'])),
      'count',
      /supplied is 12\. Cure: Leave out 2/,
    ],
  ];
  for (const [values, rule, words] of cases)
    assert.throws(
      () => auditHeaders(values),
      (error: unknown) =>
        error instanceof AuditHeaderError &&
        error.rule === rule &&
        words.test(error.message) &&
        !error.message.includes('canary'),
    );
});

test('the fetch asks for the values of each request and keeps the caller’s headers', async () => {
  const seen: Record<string, string>[] = [];
  const spy: typeof fetch = async (input) => {
    seen.push(Object.fromEntries((input as Request).headers));
    return new Response('{}');
  };
  let user = 'first';
  const fhirFetch = auditFetch(async () => ({ USERID: user }), undefined, spy);
  await fhirFetch('https://fhir/Patient/1', { headers: { accept: 'application/fhir+json' } });
  user = 'second';
  await fhirFetch(new URL('https://fhir/Patient/1'), { headers: { [`${PREFIX}userid`]: 'stale' } });
  assert.deepEqual(seen, [
    { accept: 'application/fhir+json', 'x-ms-azurefhir-audit-userid': 'first' },
    { 'x-ms-azurefhir-audit-userid': 'second' },
  ]);
});

test('nothing is sent when a header would be refused', async () => {
  const fhirFetch = auditFetch(
    () => ({ A: 'v'.repeat(2049) }),
    undefined,
    () => assert.fail('sent'),
  );
  await assert.rejects(fhirFetch('https://fhir/Patient/1'), AuditHeaderError);
});
