/** A wait longer than this is cut: the pipeline looks again by itself after a week. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of a date that services still write (RFC 9110, 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

const parseDate = (text: string | undefined): number =>
  text !== undefined && HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;

/**
 * How long `Retry-After` asks to wait, ms, at most 7 days; undefined when it is missing or is no wait (negative, garbage).
 * A date is taken relative to the answer's own `Date`, so that a wrong clock here does not matter; without one, to `now` (UTC ms).
 */
export function parseRetryAfter(
  value: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  const until = parseDate(text);
  if (Number.isNaN(until)) return undefined;
  const sent = parseDate(date?.trim());
  return Math.min(Math.max(0, until - (Number.isNaN(sent) ? now : sent)), LONGEST_MS);
}
