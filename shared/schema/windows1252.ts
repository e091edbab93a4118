const LONGEST = 3;

/** Characters of the bytes 0x80 to 0x9F, by the WHATWG encoding standard: the five unassigned ones are C1 controls. */
const HIGH =
  '\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F' +
  '\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178';

/** How many bytes of UTF-8 each byte of Windows-1252 becomes. */
export const WINDOWS_1252_LENGTHS = new Uint8Array(256);

/** Those bytes: byte b becomes the first WINDOWS_1252_LENGTHS[b] from index 3 × b. */
export const WINDOWS_1252_AS_UTF8 = new Uint8Array(256 * LONGEST);

for (let byte = 0; byte < 256; byte++) {
  const utf8 = Buffer.from(decodeWindows1252(Uint8Array.of(byte)));
  WINDOWS_1252_LENGTHS[byte] = utf8.length;
  WINDOWS_1252_AS_UTF8.set(utf8, byte * LONGEST);
}

/** Text of bytes in Windows-1252. By a table of our own: TextDecoder took it for Latin-1 in some versions of Node 22 and 23. */
export function decodeWindows1252(bytes: Uint8Array): string {
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return latin1.replaceAll(/[\x80-\x9F]/g, (char) => HIGH[char.charCodeAt(0) - 0x80]!);
}
