import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectorClient, SendOutcome } from '../../../shared/connector/types.ts';
import { observedClient } from '../../../shared/telemetry/observedClient.ts';
import { recordedTelemetry } from '../../support/recordedTelemetry.ts';

const frame = { contentType: 'multipart/form-data', head: Buffer.alloc(0), tail: Buffer.alloc(0) };
const reason = { code: 'HTTP_503', cause: 'Busy.', cure: 'None needed.' };
const ok: SendOutcome = {
  certainty: 'accepted',
  next: 'done',
  code: 'HTTP_200',
  status: 200,
  reason,
  durationMs: 12,
};
const busy: SendOutcome = {
  certainty: 'notAccepted',
  next: 'retry',
  code: 'HTTP_503',
  status: 503,
  reason,
  durationMs: 3,
  words: 'Jane Doe',
};

test('each request is a span with its outcome, counted, with what was in flight as it began', async () => {
  const telemetry = recordedTelemetry();
  const outcomes = [ok, busy];
  const inner: ConnectorClient = {
    frame,
    send: () => Promise.resolve(outcomes.shift() ?? ok),
    renewCredential: () => undefined,
    close: () => Promise.resolve(),
  };
  const client = observedClient(inner, { connector: 'healthcare', telemetry, limit: () => 8 });
  const body = [Buffer.from('Jane'), Buffer.from(' Doe')];
  assert.deepEqual(await Promise.all([client.send(body), client.send(body)]), [ok, busy]);
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
  const values = (metric: string): number[] =>
    telemetry.figures.filter((each) => each.metric === metric).map(({ value }) => value);
  assert.deepEqual(values('batches.inFlight'), [1, 2]);
  assert.deepEqual(values('pace.limit'), [8, 8]);
  assert.deepEqual(values('requests'), [1, 1]);
  assert.doesNotMatch(JSON.stringify([telemetry.spans, telemetry.figures]), /Jane/);
});

test('what the client throws is thrown on, and it is in flight no longer', async () => {
  const telemetry = recordedTelemetry();
  const inner: ConnectorClient = {
    frame,
    send: () => Promise.reject(new Error('aborted')),
    renewCredential: () => undefined,
    close: () => Promise.resolve(),
  };
  const client = observedClient(inner, { connector: 'healthcare', telemetry, limit: () => 1 });
  await assert.rejects(client.send([]), /aborted/);
  await assert.rejects(client.send([]), /aborted/);
  assert.deepEqual(
    telemetry.figures.filter(({ metric }) => metric === 'batches.inFlight').map(({ value }) => value),
    [1, 1],
  );
});
