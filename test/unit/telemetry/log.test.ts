import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields } from '../../../shared/log.ts';
import { createLog } from '../../../shared/telemetry/log.ts';
import { recordedTelemetry } from '../../support/recordedTelemetry.ts';

test('what is not on the list is dropped, from the line as from what is exported', () => {
  const lines: string[] = [];
  const telemetry = recordedTelemetry();
  const log = createLog((_level, line) => void lines.push(line), false, telemetry);
  const fields = { connector: 'healthcare', patient: 'Jane Doe', records: Number.NaN } as LogFields;
  log.info('export.received', fields);
  assert.deepEqual(lines, ['{"event":"export.received","connector":"healthcare"}']);
  assert.deepEqual(telemetry.lines, [
    { level: 'info', event: 'export.received', attributes: { connector: 'healthcare' } },
  ]);
});

test('a name cannot forge a line, and shows as a hash when told so', () => {
  const lines: string[] = [];
  createLog((_level, line) => void lines.push(line), false).warn('export.gone', {
    blobName: 'a\r\n{"event":"x"}\u202E',
  });
  assert.equal(lines[0]?.includes('\\n'), false);
  assert.match(lines[0] ?? '', /a\uFFFD\uFFFD/u);
  const hashed: string[] = [];
  createLog((_level, line) => void hashed.push(line), true).warn('export.gone', { blobName: 'Jane Doe.csv' });
  assert.match(hashed[0] ?? '', /"blobName":"[0-9a-f]{16}"/);
});

test('figures are told by events, with few dimensions', () => {
  const telemetry = recordedTelemetry();
  const log = createLog(() => undefined, false, telemetry);
  const where = { connector: 'healthcare', exportId: 'e', chunk: 3 };
  log.debug('batch.accepted', { ...where, batch: 1, records: 5_000 });
  log.info('chunk.settled', { ...where, records: 100_000, count: 7, state: 'delivered' });
  log.info('chunk.settled', { ...where, records: 100_000, count: 0, state: 'delivered' });
  log.warn('batch.strangeAnswer', { ...where, batch: 1, code: 'HTTP_200' });
  log.info('export.ended', { ...where, state: 'completed', durationMs: 90_000 });
  assert.deepEqual(telemetry.figures, [
    { metric: 'records.accepted', value: 5_000, fields: { connector: 'healthcare' } },
    { metric: 'records.refused', value: 7, fields: { connector: 'healthcare', state: 'delivered' } },
    { metric: 'answers.strange', value: 1, fields: { connector: 'healthcare', code: 'HTTP_200' } },
    { metric: 'export.lag', value: 90, fields: { connector: 'healthcare', state: 'completed' } },
  ]);
});
