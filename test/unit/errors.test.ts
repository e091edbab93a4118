import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReason } from '../../shared/errors.ts';

const words = { cause: 'It failed.', cure: 'Mend it.' };

test('a status is told once: in the code, or behind it', () => {
  assert.equal(
    formatReason({ code: 'HTTP_403', status: 403, ...words }),
    'HTTP_403: It failed. Cure: Mend it.',
  );
  assert.equal(
    formatReason({ code: 'TOKEN_REFUSED', status: 401, ...words }),
    'TOKEN_REFUSED 401: It failed. Cure: Mend it.',
  );
});

test('a line is told behind the code', () => {
  assert.equal(
    formatReason({ code: 'LONE_CR', line: 7, ...words }),
    'LONE_CR, line 7: It failed. Cure: Mend it.',
  );
});
