import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startSimulator } from '../../local/simulator/simulator.ts';
import type { JournalEntry, Simulator } from '../../local/simulator/types.ts';
import { systemClock } from '../../shared/clock.ts';
import { readConfig } from '../../shared/config/config.ts';
import { connectConnector } from '../../shared/connector/connect.ts';
import { createConnectorClient } from '../../shared/connector/client.ts';
import { fixedToken } from '../../shared/connector/tokenCache.ts';
import type { ConnectorClient, SendOutcome } from '../../shared/connector/types.ts';
import { SettingsError } from '../../shared/errors.ts';

// From settings to saved records: the client, @azure/identity and the simulator together.
const HEADER = Buffer.from('Creation Time,Event Name\r\n');
const RECORDS = Buffer.from('2026-01-01,Open\r\n'.repeat(3));
let simulator: Simulator;
let client: ConnectorClient;

const connect = (changes: Record<string, string> = {}): ConnectorClient => {
  const { connectors } = readConfig({
    ExportStorage: 'UseDevelopmentStorage=true',
    CONNECTOR_HEALTHCARE_TENANT_ID: simulator.tenantId,
    CONNECTOR_HEALTHCARE_APP_ID: simulator.appId,
    CONNECTOR_HEALTHCARE_JOB_ID: simulator.jobId,
    CONNECTOR_HEALTHCARE_SECRET: simulator.secret,
    CONNECTOR_HEALTHCARE_URL: simulator.url,
    CONNECTOR_HEALTHCARE_AUTHORITY: simulator.authority,
    CONNECTOR_HEALTHCARE_AUTHORITY_CA: simulator.ca,
    ...changes,
  });
  assert.ok(connectors[0]);
  return connectConnector(connectors[0], systemClock, 1000);
};

before(async () => {
  simulator = await startSimulator({ digests: true });
  client = connect();
});
after(async () => {
  await client.close();
  await simulator.close();
});
beforeEach(() => simulator.setFaults(''));

const send = (via = client): Promise<SendOutcome> =>
  via.send([via.frame.head, HEADER, RECORDS, via.frame.tail]);
const short = ({ certainty, next, code }: SendOutcome): string => `${certainty} ${next} ${code}`;
const count = async (kind: JournalEntry['kind']): Promise<number> =>
  (await simulator.log()).filter((entry) => entry.kind === kind).length;

describe('a connector client made from settings', () => {
  test('saves records with one token for many requests', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => send()));
    for (const outcome of outcomes) {
      assert.equal(short(outcome), 'accepted done HTTP_200');
      assert.equal(outcome.recordsSaved, 3);
      assert.ok(outcome.durationMs > 0);
    }
    assert.equal(await count('token'), 1);
  });

  const CASES: readonly [string, string][] = [
    ['429:retry-after=2', 'notAccepted retry HTTP_429'],
    ['503', 'ambiguous retry HTTP_503'],
    ['403', 'notAccepted block HTTP_403'],
    ['redirect', 'notAccepted block HTTP_307'],
    ['echo', 'notAccepted refuse HTTP_400'],
    ['413', 'notAccepted shrink HTTP_413'],
    ['reset-after', 'ambiguous retry RESET'],
    ['hang', 'ambiguous retry TIMEOUT'],
    ['slow', 'ambiguous retry ANSWER_TIMEOUT'],
    ['endless', 'ambiguous retry ANSWER_TOO_LONG'],
    ['cut', 'ambiguous retry ANSWER_CUT'],
    ['html', 'accepted done HTTP_200'],
    ['empty', 'accepted done HTTP_200'],
  ];
  for (const [fault, expected] of CASES) {
    test(`${fault}: ${expected}, one request`, async () => {
      await simulator.setFaults(fault);
      const before = await count('signal');
      assert.equal(short(await send()), expected);
      await simulator.setFaults('');
      assert.equal(short(await send()), 'accepted done HTTP_200');
      assert.equal((await count('signal')) - before, 2);
    });
  }

  test('sends the same bytes again when asked to', async () => {
    await simulator.setFaults('reset-after@1-');
    const from = (await simulator.log()).length;
    await send();
    await send();
    const digests = (await simulator.log()).slice(from).map(({ sha256 }) => sha256);
    assert.equal(digests.length, 2);
    assert.ok(digests[0] && digests[0] === digests[1]);
  });

  test('a burst of expired tokens fetches one new token', async () => {
    await send();
    await simulator.expireTokens();
    const before = await count('token');
    const refused = await Promise.all(Array.from({ length: 8 }, () => send()));
    assert.deepEqual(new Set(refused.map(short)), new Set(['notAccepted refreshToken HTTP_401']));

    const cured = await Promise.all(
      refused.map(() => {
        client.renewCredential();
        return send();
      }),
    );

    assert.deepEqual(new Set(cured.map(short)), new Set(['accepted done HTTP_200']));
    assert.equal((await count('token')) - before, 1);
  });

  test('the words of the service come without the token', async () => {
    await simulator.setFaults('echo');
    const { words, reason } = await send();
    assert.match(words ?? '', /Bearer \[token\]/);
    assert.doesNotMatch(`${words}${JSON.stringify(reason)}`, /simulated\./);
  });

  test('without a token nothing is sent; cured once the secret is right again', async (t) => {
    const other = connect();
    t.after(() => other.close());
    await simulator.setSecret('renewed');
    const before = await count('signal');
    const outcome = await send(other);
    assert.equal(short(outcome), 'notAccepted block TOKEN_REFUSED');
    assert.match(outcome.reason.cause, /client secret is wrong/);
    assert.equal(outcome.durationMs, 0);
    assert.equal(await count('signal'), before);

    await simulator.setSecret(simulator.secret);
    other.renewCredential();
    assert.equal(short(await send(other)), 'accepted done HTTP_200');
  });

  test('an aborted send throws and sends nothing', async () => {
    const before = await count('signal');
    await assert.rejects(client.send([RECORDS], AbortSignal.abort(new Error('stopping'))), /stopping/);
    assert.equal(await count('signal'), before);
  });

  test('a fixed token is sent as it is', async (t) => {
    const own = await startSimulator({ token: 'canary' });
    const fixed = createConnectorClient({
      url: own.url,
      jobId: own.jobId,
      tokens: fixedToken('canary'),
      clock: systemClock,
      deadlineMs: 10_000,
    });
    t.after(() => Promise.all([fixed.close(), own.close()]));
    assert.equal(short(await send(fixed)), 'accepted done HTTP_200');
  });

  test('is not made for a host that may not have tokens', () => {
    const options = { jobId: 'x', tokens: fixedToken('t'), clock: systemClock, deadlineMs: 10_000 };
    for (const url of [
      'https://evil.example',
      'http://10.0.0.1',
      'https://u:p@webhook.ingestion.office.com',
      'nonsense',
    ]) {
      assert.throws(() => createConnectorClient({ url, ...options }), SettingsError);
    }
  });

  test('a known host that resolves inwards gets no byte', async (t) => {
    const rebound = createConnectorClient({
      url: 'https://webhook.ingestion.office.com',
      jobId: 'x',
      tokens: fixedToken('t'),
      clock: systemClock,
      deadlineMs: 10_000,
      resolve: (_, __, done) => done(null, [{ address: '169.254.169.254', family: 4 }]),
    });
    t.after(() => rebound.close());
    assert.equal(short(await send(rebound)), 'notAccepted block FORBIDDEN_ADDRESS');
  });
});
