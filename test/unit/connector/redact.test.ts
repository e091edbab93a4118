import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import { withoutToken } from '../../../shared/connector/redact.ts';

const TOKEN = 'eyJhbGciOi.canary/Token+1=';

test('takes the token out of the words of the service, however it is written', () => {
  const forms = [TOKEN, encodeURIComponent(TOKEN), JSON.stringify(TOKEN)];
  for (const form of forms) assert.equal(withoutToken(`<${form}>`, TOKEN).includes(form.slice(2, -2)), false);
});

test('takes it out of base64 at any offset', () => {
  check(
    property(string({ maxLength: 9 }), string({ maxLength: 9 }), (before, after) => {
      const encoded = Buffer.from(`${before}${TOKEN}${after}`).toString('base64');
      const left = Buffer.from(withoutToken(encoded, TOKEN).replaceAll('[token]', ''), 'base64').toString(
        'latin1',
      );
      assert.doesNotMatch(left, /canary/);
    }),
    { seed: 1 },
  );
});

test('takes out any other bearer token and leaves the rest', () => {
  assert.equal(withoutToken('Column 3: Bearer abc.def-1 is bad', TOKEN), 'Column 3: Bearer [token] is bad');
});
