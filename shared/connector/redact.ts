/**
 * A text of the service without the token, should it echo our request: as it is, escaped for URLs or JSON, or in base64.
 */
export function withoutToken(words: string, token: string): string {
  const forms = [token, encodeURIComponent(token), JSON.stringify(token).slice(1, -1), ...base64Cores(token)];
  return forms
    .filter((form) => form.length > 0)
    .reduce((text, form) => text.replaceAll(form, '[token]'), words)
    .replaceAll(/\bBearer\s+[\w.~+/=-]+/gi, 'Bearer [token]');
}

/** What is common to every base64 text that holds the token, for each of the three places it can start at. */
function base64Cores(token: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(token)]).toString('base64');
    return encoded.slice(offset === 0 ? 0 : 4, -4);
  });
}
