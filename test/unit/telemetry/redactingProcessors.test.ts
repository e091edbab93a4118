import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  redactingLogProcessor,
  redactingSpanProcessor,
} from '../../../shared/telemetry/redactingProcessors.ts';

test('a span that a library made loses everything that is not on the list', () => {
  const span = {
    name: 'PUT /exports/Jane Doe.csv',
    attributes: {
      'url.full': 'https://x/Jane',
      connector: 'healthcare',
      'http.request.body': 'Jane',
    } as Record<string, unknown>,
    events: [{ name: 'exception', attributes: { 'exception.message': 'Jane' } }],
    status: { code: 2, message: 'Jane' },
  };
  redactingSpanProcessor.onEnd(span as unknown as Parameters<typeof redactingSpanProcessor.onEnd>[0]);
  assert.deepEqual(span, {
    name: 'unlisted',
    attributes: { connector: 'healthcare' },
    events: [],
    status: { code: 2 },
  });
});

test('a log line that is no event of ours loses its text', () => {
  const record = {
    body: 'Failed to read Jane Doe',
    attributes: { 'exception.message': 'Jane', code: 'HTTP_503' } as Record<string, unknown>,
    setBody(body: string) {
      this.body = body;
    },
  };
  redactingLogProcessor.onEmit(record as unknown as Parameters<typeof redactingLogProcessor.onEmit>[0]);
  assert.deepEqual([record.body, record.attributes], ['unlisted', { code: 'HTTP_503' }]);
});
