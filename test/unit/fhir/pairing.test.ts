import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAuditEntry } from '../../../shared/fhir/auditEntry.ts';
import {
  MAX_WAITING,
  MAX_WAITING_CHARACTERS,
  Pairing,
  type LoggedEntry,
} from '../../../shared/fhir/pairing.ts';
import { auditLine, HOUR, type LineFacts } from '../../support/fhirLog.ts';

const logged = (facts: LineFacts, line = 1, hour = HOUR): LoggedEntry => ({
  entry: parseAuditEntry(auditLine(facts))!,
  line,
  hour,
});
const uris = (all: readonly LoggedEntry[]): string[] => all.map(({ entry }) => new URL(entry.uri).pathname);

test('requests of one bundle share a correlation id and keep apart', () => {
  const pairing = new Pairing();
  const bare = { id: 'bundle', headers: {} };
  pairing.began(logged({ ...bare, path: '/Patient/1', headers: { USERID: 'a' } }));
  pairing.began(logged({ ...bare, path: '/Patient/2', headers: { USERID: 'b' } }));
  const second = pairing.closed(logged({ ...bare, path: '/Patient/2' }), true);
  const first = pairing.closed(logged({ ...bare, path: '/Patient/1' }), true);
  assert.deepEqual(
    [...second, ...first].map(({ entry }) => entry.headers.get('USERID')),
    ['b', 'a'],
  );
});

test('what waits is kept from run to run', () => {
  const before = new Pairing();
  before.began(logged({ id: 'a', headers: { USERID: 'jdoe' } }));
  before.closed(logged({ id: 'b' }), true);
  const after = new Pairing(JSON.parse(JSON.stringify(before.toState())));
  assert.equal(after.closed(logged({ id: 'a', headers: {} }), true)[0]?.entry.headers.get('USERID'), 'jdoe');
  assert.deepEqual(after.began(logged({ id: 'b' })), []);
  assert.deepEqual(after.expire(HOUR + 100 * 3_600_000), [], 'nothing waits any more');
});

test('what waits is bounded: the longest waiting leaves, and is told', () => {
  const pairing = new Pairing();
  const left = Array.from({ length: MAX_WAITING + 3 }, (_, index) =>
    pairing.began(logged({ id: `c${index}`, path: `/Patient/${index}` })),
  ).flat();
  assert.deepEqual(uris(left), ['/Patient/0', '/Patient/1', '/Patient/2']);
  assert.ok(left.every(({ kind }) => kind === 'neverEnded'));
  assert.equal(pairing.toState().waiting.length, MAX_WAITING);
});

test('what waits is bounded in length, too, whatever callers put into their headers and URIs', () => {
  const pairing = new Pairing();
  const headers = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`N${index}`, 'v'.repeat(2_048)]),
  );
  const query = `?x=${'q'.repeat(8_000)}`;
  const left = Array.from({ length: 1_000 }, (_, index) =>
    pairing.began(logged({ id: `c${index}`, path: `/Patient/${index}${query}`, headers })),
  ).flat();
  const { waiting } = pairing.toState();
  assert.equal(left.length + waiting.length, 1_000);
  assert.deepEqual(uris(left.slice(0, 2)), ['/Patient/0', '/Patient/1']);
  const length = JSON.stringify(waiting).length;
  assert.ok(length > 0.95 * MAX_WAITING_CHARACTERS && length < 1.05 * MAX_WAITING_CHARACTERS, `${length}`);
  assert.deepEqual(pairing.closed(logged({ id: 'c999', headers: {} }), true)[0]?.entry.headers.size, 10);
});

test('an id of any length brings the two entries together', () => {
  const pairing = new Pairing();
  const id = 'i'.repeat(100_000);
  pairing.began(logged({ id, headers: { USERID: 'a' } }));
  pairing.closed(logged({ id: `${id}2` }), true);
  assert.ok(JSON.stringify(pairing.toState().ended).length < 100);
  assert.equal(pairing.closed(logged({ id, headers: {} }), true)[0]?.entry.headers.get('USERID'), 'a');
});

test('an end that waited for its beginning in vain is judged as it is', () => {
  const pairing = new Pairing();
  assert.deepEqual(pairing.closed(logged({ headers: {} }), true), []);
  assert.deepEqual(pairing.expire(HOUR + 2 * 3_600_000), []);
  assert.deepEqual(
    pairing.expire(HOUR + 3 * 3_600_000).map(({ kind }) => kind),
    ['ended'],
  );
});

test('entries without a correlation id are judged by themselves', () => {
  const pairing = new Pairing();
  assert.deepEqual(pairing.began(logged({ id: '' })), []);
  assert.equal(pairing.closed(logged({ id: '' }), true).length, 1);
});
