import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerOf, OPERATOR_LEVEL, READER_LEVEL } from '../../../functions/access.ts';

test('without the sign-in both ask for a key, and nobody is who a header says', () => {
  assert.deepEqual([READER_LEVEL, OPERATOR_LEVEL], ['function', 'function']);
  const headers = new Headers({ 'x-ms-client-principal-id': '0d3dd2c6-5a4f-4b5e-9d1c-2f0c8a1b7e66' });
  assert.equal(callerOf({ headers }), 'key');
});
