import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectorClient, PreparedRequest, SendOutcome } from '../../../shared/connector/types.ts';
import { observedClient } from '../../../shared/telemetry/observedClient.ts';
import { recordedTelemetry, type RecordedTelemetry } from '../../support/recordedTelemetry.ts';

const frame = { contentType: 'multipart/form-data', head: Buffer.alloc(0), tail: Buffer.alloc(0) };
const reason = { cause: 'Busy.', cure: 'None needed.' };
const ok: SendOutcome = {
  certainty: 'accepted',
  next: 'done',
  stage: 'request',
  reason: { ...reason, code: 'HTTP_200', status: 200 },
  durationMs: 12,
};
const busy: SendOutcome = {
  certainty: 'notAccepted',
  next: 'retry',
  stage: 'request',
  reason: { ...reason, code: 'HTTP_503', status: 503 },
  durationMs: 3,
  words: 'Jane Doe',
};
const unconnected: SendOutcome = {
  certainty: 'notAccepted',
  next: 'retry',
  stage: 'connection',
  reason: { ...reason, code: 'CONNECT_FAILED' },
  durationMs: 0,
};

const { signal } = new AbortController();
const mayBegin = (): boolean => true;

/** An observed client whose requests end as `send` says, and what was called on the client inside. */
function observe(
  telemetry: RecordedTelemetry,
  send: PreparedRequest['send'],
  prepared: 'ready' | 'failed' = 'ready',
): { client: ConnectorClient; calls: string[] } {
  const calls: string[] = [];
  const inner: ConnectorClient = {
    frame,
    prepare: (given) => {
      assert.equal(given, signal);
      calls.push('prepare');
      return Promise.resolve(
        prepared === 'failed'
          ? { kind: 'failed', outcome: unconnected }
          : { kind: 'ready', request: { send, release: () => void calls.push('release') } },
      );
    },
    renewCredential: () => void calls.push('renewCredential'),
    close: async () => void calls.push('close'),
  };
  return { client: observedClient(inner, { connector: 'healthcare', telemetry, limit: () => 8 }), calls };
}

async function prepared(client: ConnectorClient): Promise<PreparedRequest> {
  const preparation = await client.prepare(signal);
  assert.equal(preparation?.kind, 'ready');
  return preparation.request;
}

const values = ({ figures }: RecordedTelemetry, metric: string): number[] =>
  figures.filter((each) => each.metric === metric).map(({ value }) => value);

test('each request is a span with its outcome, counted, with what was in flight as it began', async () => {
  const telemetry = recordedTelemetry();
  const outcomes = [ok, busy];
  const { client } = observe(telemetry, () => Promise.resolve(outcomes.shift()));
  const body = [Buffer.from('Jane'), Buffer.from(' Doe')];
  const requests = [await prepared(client), await prepared(client)];
  assert.deepEqual(telemetry.figures, []);
  assert.deepEqual(await Promise.all(requests.map((request) => request.send(body, mayBegin))), [ok, busy]);
  assert.deepEqual(telemetry.spans, [
    {
      name: 'connector.post',
      fields: {
        connector: 'healthcare',
        bytes: 8,
        code: 'HTTP_200',
        durationMs: 12,
        state: 'done',
        status: 200,
      },
    },
    {
      name: 'connector.post',
      fields: {
        connector: 'healthcare',
        bytes: 8,
        code: 'HTTP_503',
        durationMs: 3,
        state: 'retry',
        status: 503,
      },
      failed: 'HTTP_503',
    },
  ]);
  assert.deepEqual(values(telemetry, 'batches.inFlight'), [1, 2]);
  assert.deepEqual(values(telemetry, 'pace.limit'), [8, 8]);
  assert.deepEqual(values(telemetry, 'requests'), [1, 1]);
  assert.doesNotMatch(JSON.stringify([telemetry.spans, telemetry.figures]), /Jane/);
});

test('the request begins in the very call, and asks the one who sends whether it may', async () => {
  const telemetry = recordedTelemetry();
  let begun = false;
  const { client } = observe(telemetry, (_body, mayBegin) => {
    begun = mayBegin();
    return Promise.resolve(undefined);
  });
  const request = await prepared(client);
  const sent = request.send([], () => true);
  assert.equal(begun, true);
  assert.equal(await sent, undefined);
  assert.equal(await request.send([], () => false), undefined);
  assert.equal(begun, false);
  assert.deepEqual(values(telemetry, 'requests'), []);
});

test('what never went out is told with its code, and is no request', async () => {
  const telemetry = recordedTelemetry();
  const { client } = observe(telemetry, () => Promise.resolve(unconnected));
  assert.deepEqual(await (await prepared(client)).send([], mayBegin), unconnected);

  const unprepared = observe(telemetry, () => Promise.reject(new Error('not sent')), 'failed');
  assert.deepEqual(await unprepared.client.prepare(signal), { kind: 'failed', outcome: unconnected });
  assert.deepEqual(
    telemetry.spans.map(({ failed }) => failed),
    ['CONNECT_FAILED', 'CONNECT_FAILED'],
  );
  assert.deepEqual(values(telemetry, 'requests'), []);
  assert.deepEqual(values(telemetry, 'request.duration'), []);
});

test('the rest is handed on', async () => {
  const { client, calls } = observe(recordedTelemetry(), () => Promise.resolve(ok));
  (await prepared(client)).release();
  client.renewCredential();
  await client.close();
  assert.deepEqual(calls, ['prepare', 'release', 'renewCredential', 'close']);
});

test('what the client throws is thrown on, and it is in flight no longer', async () => {
  const telemetry = recordedTelemetry();
  const { client } = observe(telemetry, () => Promise.reject(new Error('broken')));
  for (let i = 0; i < 2; i++) await assert.rejects((await prepared(client)).send([], mayBegin), /broken/);
  assert.deepEqual(values(telemetry, 'batches.inFlight'), [1, 1]);
});
