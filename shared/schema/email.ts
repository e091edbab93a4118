/** Bytes that neither part of an address may hold: blanks, control characters and RFC 5322's specials but the dot and `@`. */
const FORBIDDEN = new Uint8Array(256);
FORBIDDEN.fill(1, 0, 0x21);
for (const char of '"(),:;<>[\\]\x7F') FORBIDDEN[char.charCodeAt(0)] = 1;

const AT = 0x40;
const DOT = 0x2e;

/**
 * Whether bytes[start, end) look like an e-mail address or UPN: one `@` with something on either side, none of the characters
 * above, and a domain without empty labels. A domain of one label is fine (`@hospital`), and so is anything beyond ASCII.
 */
export function looksLikeEmail(bytes: Uint8Array, start: number, end: number): boolean {
  let at = -1;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === AT) {
      if (at >= 0) return false;
      at = i;
    } else if (FORBIDDEN[byte] === 1) return false;
    else if (byte === DOT && at >= 0 && (bytes[i - 1] === DOT || i - 1 === at || i + 1 === end)) return false;
  }
  return at > start && at < end - 1;
}
