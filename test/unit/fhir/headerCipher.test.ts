import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  decryptHeaderValue,
  encryptHeaderValue,
  parseHeaderKeys,
} from '../../../shared/fhir/headerCipher.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const keys = parseHeaderKeys(`new=${key(2)}; old=${key(1)}`)!;

test('any text comes back, in characters that every header may hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const token = encryptHeaderValue(value, 'USERNAME', keys);
      assert.match(token, /^enc1\.new\.[\w-]+$/);
      assert.deepEqual(decryptHeaderValue(token, 'username', keys), { ok: true, value });
    }),
  );
});

test('the same value is never encrypted the same', () => {
  assert.notEqual(encryptHeaderValue('v', 'A', keys), encryptHeaderValue('v', 'A', keys));
});

test('keys rotate: the first encrypts, every one decrypts, and one that is gone is told', () => {
  const before = parseHeaderKeys(`old=${key(1)}`)!;
  const token = encryptHeaderValue('v', 'A', before);
  assert.deepEqual(decryptHeaderValue(token, 'A', keys), { ok: true, value: 'v' });
  const after = parseHeaderKeys(`new=${key(2)}`)!;
  assert.deepEqual(decryptHeaderValue(token, 'A', after), { ok: false, code: 'HEADER_KEY_UNKNOWN' });
  assert.equal(decryptHeaderValue(token, 'A', undefined).ok, false);
});

test('a wrong key, an altered value and a value of another header are unreadable, not thrown', () => {
  const token = encryptHeaderValue('value', 'A', keys);
  const wrong = parseHeaderKeys(`new=${key(3)}`)!;
  const altered = token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA');
  for (const [text, name, ring] of [
    [token, 'A', wrong],
    [altered, 'A', keys],
    [token, 'B', keys],
    ['enc1.new.short', 'A', keys],
    ['enc1.', 'A', keys],
  ] as const) {
    const decrypted = decryptHeaderValue(text, name, ring);
    assert.equal(!decrypted.ok && decrypted.code, 'HEADER_UNREADABLE');
  }
});

test('keys that cannot be are refused by their place, without showing them', () => {
  const canary = Buffer.from('canary').toString('base64');
  const withoutId = `${'canary'.repeat(3)}w==`;
  for (const [text, words] of [
    [`a=${canary}`, /key 1 has 6 bytes instead of 32/],
    [canary, /key 1 has no id/],
    // A key of 16 bytes without an id: what stands before its padding could be one.
    [`a=${key(1)};${withoutId}`, /key 2 has 0 bytes/],
    [`canary=${key(1)};canary=${key(2)}`, /key 2 has the id of a key before it/],
  ] as const)
    assert.throws(
      () => parseHeaderKeys(text),
      (error: Error) =>
        words.test(error.message) && !error.message.includes(canary) && !error.message.includes('canary'),
    );
  assert.equal(parseHeaderKeys(' '), undefined);
});
