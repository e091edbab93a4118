import { ExportRejectedError } from '../errors.ts';

export type Utf16 = 'utf-16le' | 'utf-16be';

const LOOKED_AT = 4096;

/**
 * UTF-16 by its byte order mark; without one, by every other byte of the first ones being NUL, as it is in text of mostly
 * Latin letters. Other scripts without a mark need the encoding set by hand.
 */
export function detectUtf16(bytes: Uint8Array): Utf16 | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const pairs = Math.min(bytes.length, LOOKED_AT) >> 1;
  if (pairs < 2) return undefined;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < pairs; i++) {
    if (bytes[2 * i] === 0) even++;
    if (bytes[2 * i + 1] === 0) odd++;
  }
  if (odd > pairs * 0.7 && even < pairs * 0.05) return 'utf-16le';
  if (even > pairs * 0.7 && odd < pairs * 0.05) return 'utf-16be';
  return undefined;
}

/**
 * UTF-16 as UTF-8, without its byte order mark. Nothing is replaced: what is not well formed ends the export.
 * @throws {ExportRejectedError} INVALID_UTF16 at a lone surrogate or an odd last byte, with its line
 */
export async function* utf16ToUtf8(
  source: AsyncIterable<Uint8Array>,
  encoding: Utf16,
): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  let line = 1;
  let first = true;
  for await (const bytes of source) {
    const joined = Buffer.concat([rest, bytes]);
    const even = joined.subarray(0, joined.length & ~1);
    const opens = endsInHighSurrogate(even, encoding) ? 2 : 0;
    const whole = even.subarray(0, even.length - opens);
    rest = Buffer.from(joined.subarray(whole.length));
    let text = (encoding === 'utf-16be' ? whole.swap16() : whole).toString('utf16le');
    if (!text.isWellFormed()) throw invalid(line + lineEnds(text.slice(0, text.search(/\p{Surrogate}/u))));
    if (first && text.length > 0) {
      if (text.startsWith('\ufeff')) text = text.slice(1);
      first = false;
    }
    line += lineEnds(text);
    if (text.length > 0) yield Buffer.from(text, 'utf8');
  }
  if (rest.length > 0) throw invalid(line);
}

function endsInHighSurrogate(even: Buffer, encoding: Utf16): boolean {
  const high = even[even.length - (encoding === 'utf-16le' ? 1 : 2)];
  return high !== undefined && high >= 0xd8 && high <= 0xdb;
}

function lineEnds(text: string): number {
  let found = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) found++;
  return found;
}

function invalid(line: number): ExportRejectedError {
  return new ExportRejectedError({
    code: 'INVALID_UTF16',
    line,
    cause: `The export is UTF-16, but half a character stands on line ${line}: bytes are missing or were changed on the way.`,
    cure: 'Transfer the export again in binary mode, or have the EHR system export UTF-8.',
  });
}
