import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { Client } from 'fhir-kit-client';
import {
  AuditHeaderError,
  auditFetch,
  auditHeaders,
  parseHeaderKeys,
  type AuditValues,
} from '../../shared/fhir/client.ts';
import { startFront, type Front } from '../../local/fhir/front.ts';
import { LocalRepository } from '../../local/fhir/repository.ts';

const TOKEN = 'local';
const logged: Record<string, unknown>[] = [];
let front: Front;

before(async () => {
  const repository = new LocalRepository();
  await repository.put({ resourceType: 'Patient', id: '1', name: [{ family: 'Roe' }] });
  front = await startFront({
    repository,
    audit: { log: (entry) => void logged.push(entry as Record<string, unknown>) },
    resourceId: '/X',
    tokens: new Set([TOKEN]),
    receivedAt: () => Date.UTC(2026, 10, 21),
  });
});
after(() => front.close());

/** Sends header lines as they are, past every check of a client; returns the status. */
async function rawStatus(lines: readonly string[]): Promise<number> {
  const { hostname, port } = new URL(front.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const text = [
    'GET /Patient/1 HTTP/1.1',
    `Host: ${hostname}`,
    `Authorization: Bearer ${TOKEN}`,
    'Connection: close',
    ...lines,
    '',
    '',
  ];
  socket.write(Buffer.from(text.join('\r\n'), 'utf8'));
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  await once(socket, 'close');
  return Number(/^HTTP\/1\.1 (\d+)/.exec(Buffer.concat(pieces).toString('latin1'))?.[1]);
}

const wire = (values: AuditValues): string[] =>
  Object.entries(values).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `X-MS-AZUREFHIR-AUDIT-${name}: ${one}`),
  );

/** The rule by which the builder refuses, or undefined. */
function refusedBy(values: AuditValues): string | undefined {
  try {
    auditHeaders(values);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof AuditHeaderError);
    return error.rule;
  }
}

const name = fc.oneof(
  { weight: 12, arbitrary: fc.stringMatching(/^[A-Za-z0-9_!#$%&'*+.^`|~-]{1,12}$/) },
  { weight: 1, arbitrary: fc.constantFrom('', 'A B', 'Ä', 'a(b)') },
);
const oneValue = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[ -~\t]{0,40}$/) },
  { weight: 3, arbitrary: fc.nat({ max: 4 }).map((more) => 'v'.repeat(2046 + more)) },
  { weight: 2, arbitrary: fc.nat({ max: 4 }).map((more) => 'v'.repeat(1021 + more)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('Åse', 'naïve', '山田', 'a\u0000b', 'a\u007Fb', '\u0001', ' v ', '\tv'),
  },
);
const anyValues = fc.dictionary(
  name,
  fc.oneof(oneValue, fc.array(oneValue, { minLength: 1, maxLength: 3 })),
  {
    maxKeys: 6,
    noNullPrototype: true,
  },
);
/** About as many names as are allowed, some of them the same but for their case. */
const manyNames = fc
  .array(fc.tuple(fc.constantFrom('n', 'N'), fc.nat({ max: 12 })), { minLength: 9, maxLength: 20 })
  .map((names) => Object.fromEntries(names.map(([letter, number]) => [`${letter}${number}`, 'v'])));
const values: fc.Arbitrary<AuditValues> = fc.oneof(anyValues, manyNames);

test('the builder refuses exactly what the service answers 400 to', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(values, async (values) => {
      const rule = refusedBy(values);
      seen.add(rule ?? 'accepted');
      assert.equal(await rawStatus(wire(values)), rule === undefined ? 200 : 400);
      if (rule !== undefined) return;
      // What it builds is accepted, too.
      const built = Object.entries(auditHeaders(values)).map(([name, value]) => `${name}: ${value}`);
      assert.equal(await rawStatus(built), 200);
    }),
    { numRuns: 400 },
  );
  assert.deepEqual([...seen].sort(), ['accepted', 'characters', 'count', 'length', 'name']);
});

test('the limits to the last header and character', async () => {
  const many = (count: number): AuditValues =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`N${index}`, 'v']));
  for (const [values, status] of [
    [many(10), 200],
    [many(11), 400],
    [{ ...many(10), n0: 'same as N0' }, 200],
    [{ A: 'v'.repeat(2048) }, 200],
    [{ A: 'v'.repeat(2049) }, 400],
    [{ A: ['v'.repeat(1023), 'v'.repeat(1023)] }, 200],
    [{ A: ['v'.repeat(1023), 'v'.repeat(1024)] }, 400],
    [{ A: ['v'.repeat(2046), ''] }, 200],
    [{ A: ['v'.repeat(2047), ''] }, 400],
    [{ A: 'v'.repeat(1023), a: 'v'.repeat(1024) }, 400],
  ] as const) {
    assert.equal(refusedBy(values) === undefined ? 200 : 400, status);
    assert.equal(await rawStatus(wire(values)), status);
  }
});

test('a refusal has the service’s words, and the builder says by how much', async () => {
  const twelve = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`N${index}`, 'v']));
  const words = async (headers: Record<string, string>): Promise<string> => {
    const answer = await fetch(`${front.url}/Patient/1`, {
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    });
    return ((await answer.json()) as { issue: { diagnostics: string }[] }).issue[0]!.diagnostics;
  };
  const prefix = 'X-MS-AZUREFHIR-AUDIT-';
  assert.equal(
    await words(Object.fromEntries(Object.entries(twelve).map(([name, value]) => [prefix + name, value]))),
    'The maximum number of custom audit headers allowed is 10. The number of custom audit headers supplied is 12.',
  );
  assert.equal(
    await words({ [`${prefix}LONG`]: 'v'.repeat(3072) }),
    `The maximum length of a custom audit header value is 2048. The supplied custom audit header '${prefix}LONG' has length of 3072.`,
  );
  assert.throws(() => auditHeaders(twelve), { rule: 'count', supplied: 12, allowed: 10 });
  assert.throws(() => auditHeaders({ LONG: 'v'.repeat(3072) }), {
    rule: 'length',
    supplied: 3072,
    allowed: 2048,
  });
});

test('encrypted values stand in the log, clear ones nowhere; limits count what is sent', async () => {
  const keys = parseHeaderKeys(`k=${Buffer.alloc(32, 7).toString('base64')}`)!;
  logged.length = 0;
  const secret = 'Åse Canary';
  const answer = await auditFetch(() => ({ USERNAME: [secret, 'x'] }), keys)(`${front.url}/Patient/1`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  assert.equal(answer.status, 200);
  assert.equal(logged.length, 2);
  assert.doesNotMatch(JSON.stringify(logged), /Canary/);
  assert.match(JSON.stringify(logged), /"X-MS-AZUREFHIR-AUDIT-USERNAME":"enc1\.k\.[\w-]+, enc1\.k\.[\w-]+"/);
  assert.throws(() => auditHeaders({ A: 'v'.repeat(1600) }, keys), { rule: 'length' });
});

test('fhir-kit-client sends the headers', async () => {
  logged.length = 0;
  const client = new Client({
    baseUrl: front.url,
    bearerToken: TOKEN,
    customHeaders: auditHeaders({ USERID: 'jdoe' }),
  });
  await client.read({ resourceType: 'Patient', id: '1' });
  assert.equal((logged[1]!['properties'] as Record<string, string>)['X-MS-AZUREFHIR-AUDIT-USERID'], 'jdoe');
});

test('a stranger is turned away, and what fails is logged as failed', async () => {
  assert.equal((await fetch(`${front.url}/Patient/1`)).status, 401);
  logged.length = 0;
  const headers = { authorization: `Bearer ${TOKEN}` };
  assert.equal((await fetch(`${front.url}/Patient/none`, { headers })).status, 404);
  assert.deepEqual(
    logged.map(({ resultType }) => resultType),
    ['Started', 'Failed'],
  );
});
