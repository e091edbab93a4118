import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import iconv from 'iconv-lite';
import { decideEncoding, Utf8Watch } from '../../../shared/export/encoding.ts';
import { decodeWindows1252 } from '../../../shared/schema/windows1252.ts';
import type { Utf8Census } from '../../../shared/export/types.ts';

function census(bytes: Buffer, sizes: readonly number[]): Utf8Census {
  const watch = new Utf8Watch();
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    watch.write(bytes.subarray(at, at + size));
    at += size;
  }
  watch.end();
  return watch.census;
}

/** By the decoder of the platform: well formed is what decodes to itself, piece by piece. */
function expected(bytes: Buffer): Utf8Census {
  let wellFormed = false;
  for (let at = 0; at < bytes.length; at++) {
    for (let length = 2; length <= 4 && at + length <= bytes.length; length++) {
      const piece = bytes.subarray(at, at + length);
      if (isUtf8(piece) && Array.from(piece.toString('utf8')).length === 1) wellFormed = true;
    }
  }
  return { wellFormed, malformed: !isUtf8(bytes) };
}

const piece = fc.constantFrom(
  'a', '\n', 'é', '日', '🩺', '\u{10ffff}', '\xe9', '\xe2\x82', '\xf0\x9f\x98', '\x80', '\xc0\x80', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xff',
); // prettier-ignore
const soup = fc
  .array(piece, { maxLength: 8 })
  .map((parts) =>
    Buffer.concat(
      parts.map((part) => Buffer.from(part, /[\x80-\xff]/.test(part) && part !== 'é' ? 'latin1' : 'utf8')),
    ),
  );

test('the census agrees with the decoder of the platform, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      soup,
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
      (bytes, sizes) => {
        assert.deepEqual(census(bytes, sizes), expected(bytes));
      },
    ),
    { numRuns: 5000 },
  );
});

test('a scan that goes on from a checkpoint keeps what was seen before it', () => {
  const watch = new Utf8Watch({ wellFormed: true, malformed: false });
  watch.write(Buffer.from([0xff]));
  assert.deepEqual(watch.census, { wellFormed: true, malformed: true });
});

test('the encoding is decided by all that was seen, unless it is set by hand', () => {
  const decide = (wellFormed: boolean, malformed: boolean) => decideEncoding({ wellFormed, malformed });
  assert.equal(decide(false, false), 'utf-8');
  assert.equal(decide(true, false), 'utf-8');
  assert.equal(decide(false, true), 'windows-1252');
  assert.equal(decide(true, true), 'utf-8');
  assert.equal(decideEncoding({ wellFormed: true, malformed: false }, 'windows-1252'), 'windows-1252');
});

test('each byte of Windows-1252 becomes the character that other converters give, the five undefined ones a control', () => {
  for (let byte = 0; byte < 256; byte++) {
    const undefinedByte = [0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte);
    const want = undefinedByte ? String.fromCharCode(byte) : iconv.decode(Buffer.from([byte]), 'win1252');
    assert.equal(decodeWindows1252(Uint8Array.of(byte)), want, byte.toString(16));
  }
});
