/** The ledger keeps instants as text of four-digit years, and a chunk comes back a little after the instant it waited for. */
const LAST_INSTANT = Date.parse('9999-12-31T00:00:00Z');

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of a date that services still write (RFC 9110, 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

const parseDate = (text: string | undefined): number =>
  text !== undefined && HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;

/**
 * How long `Retry-After` asks to wait, ms, however long, up to the end of the year 9999; undefined when it is missing or is no wait (negative, garbage).
 * A date is taken relative to the answer's own `Date`, so that a wrong clock here does not matter; without one, to `now` (UTC ms).
 */
export function parseRetryAfter(
  value: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined {
  const text = value?.trim() ?? '';
  const longest = LAST_INSTANT - now;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longest);
  const until = parseDate(text);
  if (Number.isNaN(until)) return undefined;
  const sent = parseDate(date?.trim());
  return Math.min(Math.max(0, until - (Number.isNaN(sent) ? now : sent)), longest);
}
