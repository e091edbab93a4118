const TOKEN = /YYYY|YY|MMM|MM|M|DD|D|HH|H|hh|h|mm|ss|\.f|A|Z|T|[^A-Za-z[\]]/y;
const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';
/** A format with more optional parts than this is a mistake: each doubles the variants to try. */
const MAX_OPTIONAL = 6;

/** What is being read of a time. One object, filled anew for each value. */
export type Parts = { year: number; month: number; day: number; hour: number; ms: number; zone: number };

/** Reads one part of a time at `at`; returns where it ends, or -1. */
export type Step = (bytes: Uint8Array, at: number, end: number, parts: Parts) => number;

/** The digits at `at` as a number, or -1; there are `least` to `most` of them. `digits.end` says where they ended. */
const digits = { end: 0 };
function readDigits(bytes: Uint8Array, at: number, end: number, least: number, most: number): number {
  let value = 0;
  let i = at;
  for (const stop = Math.min(end, at + most); i < stop; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  digits.end = i;
  return i - at < least ? -1 : value;
}

/** A number between `from` and `to`, handed to `put`. */
function number(
  least: number,
  most: number,
  from: number,
  to: number,
  put: (parts: Parts, value: number) => void,
): Step {
  return (bytes, at, end, parts) => {
    const value = readDigits(bytes, at, end, least, most);
    if (value < from || value > to) return -1;
    put(parts, value);
    return digits.end;
  };
}

const month = (parts: Parts, value: number): void => void (parts.month = value);
const day = (parts: Parts, value: number): void => void (parts.day = value);
const hour = (parts: Parts, value: number): void => void (parts.hour = value);

const monthName: Step = (bytes, at, end, parts) => {
  if (at + 3 > end) return -1;
  const name = String.fromCharCode(bytes[at]! | 0x20, bytes[at + 1]! | 0x20, bytes[at + 2]! | 0x20);
  const found = MONTHS.indexOf(name);
  if (found < 0 || found % 3 !== 0) return -1;
  parts.month = found / 3 + 1;
  return at + 3;
};

/** A blank before AM and PM: none, U+0020, U+00A0 or, as newer Windows and browsers write it, U+202F. */
function skipBlank(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x20) return at + 1;
  if (bytes[at] === 0xc2 && bytes[at + 1] === 0xa0) return at + 2;
  return bytes[at] === 0xe2 && bytes[at + 1] === 0x80 && bytes[at + 2] === 0xaf ? at + 3 : at;
}

const halfOfDay: Step = (bytes, at, end, parts) => {
  const i = skipBlank(bytes, at);
  const half = bytes[i]! | 0x20;
  if (i + 2 > end || (half !== 0x61 && half !== 0x70) || (bytes[i + 1]! | 0x20) !== 0x6d) return -1;
  parts.hour = (parts.hour % 12) + (half === 0x70 ? 12 : 0);
  return i + 2;
};

const fraction: Step = (bytes, at, end, parts) => {
  if (at >= end || (bytes[at] !== 0x2e && bytes[at] !== 0x2c)) return -1;
  const value = readDigits(bytes, at + 1, end, 1, 9);
  if (value < 0) return -1;
  parts.ms += Math.trunc((value / 10 ** (digits.end - at - 1)) * 1000);
  return digits.end;
};

/** `Z`, `+02:00`, `+0200` or `+02`. */
const zone: Step = (bytes, at, end, parts) => {
  if (at >= end) return -1;
  if ((bytes[at]! | 0x20) === 0x7a) return at + 1;
  const sign = bytes[at] === 0x2b ? 1 : bytes[at] === 0x2d ? -1 : 0;
  const hours = readDigits(bytes, at + 1, end, 2, 2);
  if (sign === 0 || hours < 0 || hours > 14) return -1;
  const afterHours = at + 3;
  const minutes = readDigits(bytes, afterHours + (bytes[afterHours] === 0x3a ? 1 : 0), end, 2, 2);
  const next = minutes < 0 || minutes > 59 ? afterHours : digits.end;
  parts.zone = sign * (hours * 60 + (next === afterHours ? 0 : minutes)) * 60_000;
  return next;
};

const literal =
  (byte: number): Step =>
  (bytes, at, end) =>
    at < end && bytes[at] === byte ? at + 1 : -1;

const STEPS: Readonly<Record<string, Step>> = {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  YYYY: number(4, 4, 100, 9999, (parts, value) => void (parts.year = value)),
  YY: number(2, 2, 0, 99, (parts, value) => void (parts.year = value + (value < 70 ? 2000 : 1900))),
  MMM: monthName,
  MM: number(2, 2, 1, 12, month),
  M: number(1, 2, 1, 12, month),
  DD: number(2, 2, 1, 31, day),
  D: number(1, 2, 1, 31, day),
  HH: number(2, 2, 0, 23, hour),
  H: number(1, 2, 0, 23, hour),
  hh: number(2, 2, 1, 12, hour),
  h: number(1, 2, 1, 12, hour),
  mm: number(2, 2, 0, 59, (parts, value) => void (parts.ms += value * 60_000)),
  ss: number(2, 2, 0, 59, (parts, value) => void (parts.ms += value * 1000)),
  '.f': fraction,
  A: halfOfDay,
  Z: zone,
  T: (bytes, at, end) => (at < end && (bytes[at] === 0x20 || (bytes[at]! | 0x20) === 0x74) ? at + 1 : -1),
};

/** The formats without optional parts that a format stands for, each once: `a[b[c]]` is `abc`, `a`, `ab`. */
export function expandFormat(format: string): string[] {
  if (format.split('[').length - 1 > MAX_OPTIONAL) throw new RangeError('it has too many optional parts');
  const close = format.indexOf(']');
  const open = format.lastIndexOf('[', close);
  if (close < 0 && !format.includes('[')) return [format];
  if (close < 0 || open < 0) throw new RangeError('its brackets do not match');
  const [before, inside, after] = [
    format.slice(0, open),
    format.slice(open + 1, close),
    format.slice(close + 1),
  ];
  return [...new Set([...expandFormat(before + inside + after), ...expandFormat(before + after)])];
}

/** The steps that read a format without optional parts. @throws {RangeError} when it cannot be one, with the end of a sentence */
export function compileFormat(variant: string): readonly Step[] {
  const steps: Step[] = [];
  const tokens = new Set<string>();
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < variant.length;) {
    const token = TOKEN.exec(variant)?.[0];
    if (token === undefined || token.charCodeAt(0) > 0x7e)
      throw new RangeError('it holds a part that is not known');
    tokens.add(token);
    steps.push(STEPS[token] ?? literal(token.charCodeAt(0)));
  }
  const dated =
    (tokens.has('YYYY') || tokens.has('YY')) && [...tokens].some((token) => token.startsWith('M'));
  if (!dated || !(tokens.has('D') || tokens.has('DD'))) throw new RangeError('it has no year, month and day');
  return steps;
}

/** Whether a time format can be used, and if not, why: the end of a sentence. */
export function timeFormatFault(format: string): string | undefined {
  try {
    expandFormat(format).forEach(compileFormat);
    return undefined;
  } catch (error) {
    return (error as RangeError).message;
  }
}
