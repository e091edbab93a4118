/** A beginning of a token as long as this is taken for one at the end of a text, in characters. */
const LEAST_BEGINNING = 8;

/**
 * A text of the service without the token, should it echo our request: as it is, escaped for URLs or JSON, or in base64. Where the
 * text breaks off inside the token, its beginning goes too.
 */
export function withoutToken(words: string, token: string): string {
  const forms = [
    token,
    encodeURIComponent(token),
    JSON.stringify(token).slice(1, -1),
    ...base64Cores(token),
  ].filter((form) => form.length > 0);
  return forms
    .reduce((text, form) => withoutBeginning(text.replaceAll(form, '[token]'), form), words)
    .replaceAll(/\bBearer\s+[\w.~+/=-]+/gi, 'Bearer [token]');
}

function withoutBeginning(text: string, form: string): string {
  for (let length = Math.min(form.length - 1, text.length); length >= LEAST_BEGINNING; length--) {
    if (text.endsWith(form.slice(0, length))) return `${text.slice(0, -length)}[token]`;
  }
  return text;
}

/** What is common to every base64 text that holds the token, for each of the three places it can start at. */
function base64Cores(token: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(token)]).toString('base64');
    return encoded.slice(offset === 0 ? 0 : 4, -4);
  });
}
