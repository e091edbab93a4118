/** Unicode of 0x80 to 0x9F; the rest of Windows-1252 is as Unicode numbers it. */
const C1 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** UTF-8 of each byte above 0x7F, three bytes each, and how many of the three count. */
const UTF8 = new Uint8Array(128 * 3);
const LENGTHS = new Uint8Array(128);
for (let i = 0; i < 128; i++) {
  const bytes = Buffer.from(C1[i] ?? String.fromCharCode(0x80 + i), 'utf8');
  UTF8.set(bytes, i * 3);
  LENGTHS[i] = bytes.length;
}

/** A byte of Windows-1252 becomes at most this many of UTF-8. */
export const WINDOWS_1252_GROWTH = 3;

/**
 * Write bytes[start, end), which are Windows-1252, to `out` from `at` on as UTF-8. `out` must have room for
 * {@link WINDOWS_1252_GROWTH} times as many. The five bytes that Windows-1252 leaves undefined (81, 8D, 8F, 90, 9D) become the control
 * characters of the same number, as browsers and Windows itself do (WHATWG Encoding, index windows-1252): nothing is lost.
 * @returns where the next byte goes
 */
export function transcodeWindows1252(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x80) {
      out[at++] = byte;
      continue;
    }
    const from = (byte - 0x80) * 3;
    for (let k = 0; k < LENGTHS[byte - 0x80]!; k++) out[at++] = UTF8[from + k]!;
  }
  return at;
}

/** Windows-1252 as text. */
export function decodeWindows1252(bytes: Uint8Array): string {
  const out = Buffer.alloc(bytes.length * WINDOWS_1252_GROWTH);
  return out.toString('utf8', 0, transcodeWindows1252(bytes, 0, bytes.length, out, 0));
}
