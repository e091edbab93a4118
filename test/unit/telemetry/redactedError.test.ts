import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { SourceLostError } from '../../../shared/errors.ts';
import { factsOf } from '../../../shared/errorFacts.ts';
import { RedactedError } from '../../../shared/telemetry/redactedError.ts';

const told = (error: Error): string =>
  `${String(error)}\n${error.stack ?? ''}\n${inspect(error, { depth: 9 })}`;

test('of an error that is none of ours only class, codes and places in the code remain', () => {
  const cause = new Error('Jane Doe in the cause');
  const error = Object.assign(
    new TypeError('PUT https://x/exports/Jane Doe.csv\n    at Jane Doe\n{"body":1}', { cause }),
    {
      code: 'ECONNRESET',
      statusCode: 503,
      request: { url: 'https://x/Jane Doe' },
    },
  );
  const redacted = new RedactedError(error);
  assert.doesNotMatch(told(redacted), /Jane|https|body/);
  assert.equal(String(redacted), 'TypeError: ECONNRESET 503');
  assert.match(redacted.stack ?? '', /at .*redactedError\.test\.ts:\d+:\d+/);
});

test('a reason of ours stays, without its cause', () => {
  const reason = { code: 'SOURCE_LOST', cause: 'The snapshot is gone.', cure: 'Upload it again.' };
  const redacted = new RedactedError(new SourceLostError(reason, { cause: new Error('Jane Doe') }));
  assert.match(redacted.message, /SOURCE_LOST: The snapshot is gone\. Cure: Upload it again\./);
  assert.doesNotMatch(told(redacted), /Jane/);
});

test('names and codes that are texts in truth are left out', () => {
  const odd = Object.assign(new Error('x'), { name: 'Jane Doe\n', code: 'Jane Doe', statusCode: '503' });
  assert.deepEqual(factsOf(odd), { errorName: 'Error' });
  assert.deepEqual(factsOf('Jane Doe'), { errorName: 'NotAnError' });
  assert.equal(String(new RedactedError('Jane Doe')), 'NotAnError');
  const patched = Object.assign(new Error('a'), { stack: 'Jane Doe, no frame' });
  assert.doesNotMatch(told(new RedactedError(patched)), /Jane/);
});
