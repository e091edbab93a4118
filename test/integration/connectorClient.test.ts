import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, before, beforeEach, describe, test, type TestContext } from 'node:test';
import { startSimulator } from '../../local/simulator/simulator.ts';
import type { JournalEntry, Simulator } from '../../local/simulator/types.ts';
import { systemClock } from '../../shared/clock.ts';
import { readConfig } from '../../shared/config/config.ts';
import { connectConnector } from '../../shared/connector/connect.ts';
import { createConnectorClient } from '../../shared/connector/client.ts';
import { fixedToken } from '../../shared/connector/tokenCache.ts';
import type { ConnectorClient, PreparedRequest, SendOutcome } from '../../shared/connector/types.ts';
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

const { signal } = new AbortController();
const bodyFor = ({ frame }: ConnectorClient): readonly Buffer[] => [frame.head, HEADER, RECORDS, frame.tail];
const mayBegin = (): boolean => true;

async function prepared(via = client): Promise<PreparedRequest> {
  const preparation = await via.prepare(signal);
  assert.equal(preparation?.kind, 'ready');
  return preparation.request;
}

/** Prepare a request and send it; the outcome of whatever there is one of. */
async function send(via = client): Promise<SendOutcome> {
  const preparation = await via.prepare(signal);
  assert.ok(preparation);
  if (preparation.kind === 'failed') return preparation.outcome;
  const outcome = await preparation.request.send(bodyFor(via), mayBegin);
  assert.ok(outcome);
  return outcome;
}

const short = ({ certainty, next, reason }: SendOutcome): string => `${certainty} ${next} ${reason.code}`;
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

    const cured = await Promise.all(refused.map(() => send()));

    assert.deepEqual(new Set(cured.map(short)), new Set(['accepted done HTTP_200']));
    assert.equal((await count('token')) - before, 1);
  });

  test('a token refused after a newer one came costs the newer one nothing', async () => {
    await send();
    const late = await prepared();
    await simulator.expireTokens();
    assert.equal(short(await send()), 'notAccepted refreshToken HTTP_401');
    const before = await count('token');
    assert.equal(short(await send()), 'accepted done HTTP_200');

    const outcome = await late.send(bodyFor(client), mayBegin);

    assert.equal(outcome && short(outcome), 'notAccepted refreshToken HTTP_401');
    assert.equal(short(await send()), 'accepted done HTTP_200');
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

  test('nothing is prepared once it is aborted, and nothing sent that may not begin', async () => {
    const before = await count('signal');
    assert.equal(await client.prepare(AbortSignal.abort()), undefined);
    assert.equal(await (await prepared()).send(bodyFor(client), () => false), undefined);
    assert.equal(await count('signal'), before);
    assert.equal(short(await send()), 'accepted done HTTP_200');
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

describe('the connections of a client', () => {
  const fixed = (url: string): ConnectorClient =>
    createConnectorClient({
      url,
      jobId: 'x',
      tokens: fixedToken('t'),
      clock: systemClock,
      deadlineMs: 10_000,
    });

  /** A server that does with each connection what the test says; `accepted` are those there were. */
  async function serve(
    t: TestContext,
    onSocket: (socket: Socket) => void,
  ): Promise<{ url: string; accepted: Socket[] }> {
    const accepted: Socket[] = [];
    const server = createServer((socket) => {
      accepted.push(socket.on('error', () => undefined));
      onSocket(socket);
    });
    t.after(() => {
      for (const socket of accepted) socket.destroy();
      server.close();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, accepted };
  }

  const answering = (socket: Socket): void =>
    void socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));

  test('are open once a request is prepared, and serve another one when it is given back or was answered', async (t) => {
    const { url, accepted } = await serve(t, answering);
    const via = fixed(url);
    t.after(() => via.close());
    const first = await prepared(via);
    while (accepted.length < 1) await new Promise(setImmediate);
    first.release();
    await assert.rejects(first.send(bodyFor(via), mayBegin), /sent once/);
    const second = await prepared(via);
    const third = await prepared(via);
    second.release();
    second.release();
    assert.equal((await third.send(bodyFor(via), mayBegin))?.next, 'done');
    await Promise.all([send(via), send(via)]);
    assert.equal(accepted.length, 2);
  });

  test('that close before the request begins: no byte is sent, on this one or another, and the next is well', async (t) => {
    const { url, accepted } = await serve(t, answering);
    const via = fixed(url);
    t.after(() => via.close());
    const request = await prepared(via);
    while (accepted.length < 1) await new Promise(setImmediate);
    const [socket] = accepted;
    socket?.end();
    assert.ok(socket);
    await once(socket, 'close');

    const outcome = await request.send(bodyFor(via), mayBegin);

    assert.ok(outcome);
    assert.equal(short(outcome), 'notAccepted retry CONNECT_FAILED');
    assert.deepEqual([outcome.stage, socket.bytesRead, accepted.length], ['connection', 0, 1]);
    assert.equal(short(await send(via)), 'accepted done HTTP_200');
  });

  test('a success that comes before the body was sent is not believed', async (t) => {
    const { url } = await serve(t, (socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"RecordsSaved":3}');
      });
    });
    const via = fixed(url);
    t.after(() => via.close());
    const body = [...bodyFor(via).slice(0, 2), Buffer.alloc(16 * 1024 ** 2, 'x'), via.frame.tail];
    const outcome = await (await prepared(via)).send(body, mayBegin);
    assert.equal(outcome && short(outcome), 'ambiguous retry ANSWER_EARLY');
  });
});
