const AT = 0x40;
const DOT = 0x2e;
const FORBIDDEN = 1;

/**
 * What needs a look: the dot, `@`, and FORBIDDEN for what neither part of an address may hold, which is blanks, control characters
 * and the other specials of RFC 5322.
 */
const KINDS = new Uint8Array(256);
KINDS.fill(FORBIDDEN, 0, 0x21);
for (const char of '"(),:;<>[\\]\x7F') KINDS[char.charCodeAt(0)] = FORBIDDEN;
KINDS[AT] = AT;
KINDS[DOT] = DOT;

/**
 * Whether bytes[start, end) look like an e-mail address or UPN: one `@` with something on either side, none of the characters
 * above, and a domain without empty labels. A domain of one label is fine (`@hospital`), and so is anything beyond ASCII.
 */
export function looksLikeEmail(bytes: Uint8Array, start: number, end: number): boolean {
  let at = -1;
  for (let i = start; i < end; i++) {
    const kind = KINDS[bytes[i]!]!;
    if (kind === 0) continue;
    if (kind === FORBIDDEN) return false;
    if (kind === AT) {
      if (at >= 0) return false;
      at = i;
    } else if (at >= 0 && (bytes[i - 1] === DOT || i - 1 === at || i + 1 === end)) return false;
  }
  return at > start && at < end - 1;
}
