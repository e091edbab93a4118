import type { Dialect } from './types.ts';

/** What {@link splitFields} saw of a field, as bits. */
export const FIELD = {
  /** It opens with a quote and the quote closes. */
  quoted: 1,
  /** Quoted, with doubled quotes inside: each pair stands for one `"`. */
  escaped: 2,
  /** A quote that is neither border nor pair: inside an unquoted field, or, with `quoted`, text after the closing quote. */
  stray: 4,
  /** A byte below 0x20 or 0x7F other than tab and line ends inside quotes; a lone CR outside quotes counts. */
  control: 8,
  /** A byte above 0x7F. */
  high: 16,
} as const;

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

const ORDINARY = 0;
const IS_DELIMITER = 1;
const IS_QUOTE = 2;
const IS_CR = 3;
const IS_CONTROL = 4;
const IS_HIGH = 5;

/** What each byte means to the splitter; one lookup a byte instead of five comparisons. */
function byteClasses({ delimiter, quote }: Dialect): Uint8Array {
  const classes = new Uint8Array(256);
  classes.fill(IS_CONTROL, 0, 0x20);
  classes[0x09] = ORDINARY;
  classes[LF] = ORDINARY;
  classes[CR] = IS_CR;
  classes[0x7f] = IS_CONTROL;
  classes.fill(IS_HIGH, 0x80);
  classes[delimiter.charCodeAt(0)] = IS_DELIMITER;
  if (quote !== null) classes[QUOTE] = IS_QUOTE;
  return classes;
}

/**
 * Where the fields of one record lie: indexes into the buffer the record was split in. Made once, filled again for every record.
 * Fields past `capacity` are counted but not kept, so that a megabyte of delimiters costs no memory.
 */
export class FieldTable {
  readonly capacity: number;
  /** Content of field i is [starts[i], ends[i]): inside the quotes when it is quoted and not stray, else all of it. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Field i as it came, quotes included, is [rawStarts[i], rawEnds[i]). */
  readonly rawStarts: Int32Array;
  readonly rawEnds: Int32Array;
  /** Bits of {@link FIELD}. */
  readonly flags: Uint8Array;
  #dialect: Dialect | undefined;
  #classes: Uint8Array = new Uint8Array(256);

  /** @param capacity fields kept of a record; the number of columns and one more is enough to judge a record */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
    this.rawStarts = new Int32Array(capacity);
    this.rawEnds = new Int32Array(capacity);
    this.flags = new Uint8Array(capacity);
  }

  /** Byte classes of a dialect, kept while the dialect stays the same object. */
  classesOf(dialect: Dialect): Uint8Array {
    if (dialect !== this.#dialect) {
      this.#dialect = dialect;
      this.#classes = byteClasses(dialect);
    }
    return this.#classes;
  }
}

/**
 * Split the record bytes[start, end) (with or without its line end) into fields, as csv-parse does with `relax_quotes`.
 * A field is quoted when its first byte is a quote; inside, two quotes are one, and any other quote closes. What follows a
 * closing quote up to the delimiter makes the field stray: csv-parse then takes the quotes for data. No string is made.
 *
 * @returns how many fields the record has, at least 1; the first `fields.capacity` of them are in `fields`
 */
export function splitFields(
  bytes: Uint8Array,
  start: number,
  end: number,
  dialect: Dialect,
  fields: FieldTable,
): number {
  const { starts, ends, rawStarts, rawEnds, flags, capacity } = fields;
  const classes = fields.classesOf(dialect);
  let stop = end;
  if (stop > start && bytes[stop - 1] === LF) stop -= stop - 1 > start && bytes[stop - 2] === CR ? 2 : 1;

  let count = 0;
  let at = start;
  for (;;) {
    const rawStart = at;
    let contentStart = at;
    let contentEnd = -1;
    let seen = 0;
    if (at < stop && classes[bytes[at]!] === IS_QUOTE) {
      seen = FIELD.quoted;
      for (at++; at < stop; at++) {
        const kind = classes[bytes[at]!]!;
        if (kind <= IS_DELIMITER) continue;
        if (kind === IS_QUOTE) {
          if (at + 1 >= stop || bytes[at + 1] !== QUOTE) break;
          seen |= FIELD.escaped;
          at++;
        } else if (kind === IS_HIGH) seen |= FIELD.high;
        else if (kind === IS_CONTROL) seen |= FIELD.control;
      }
      const afterQuote = at + 1;
      if (afterQuote >= stop || classes[bytes[afterQuote]!] === IS_DELIMITER) {
        contentStart = rawStart + 1;
        contentEnd = at;
        at = Math.min(afterQuote, stop);
      } else {
        seen |= FIELD.stray;
        at = afterQuote;
      }
    }
    if (contentEnd < 0) {
      for (; at < stop; at++) {
        const kind = classes[bytes[at]!]!;
        if (kind === ORDINARY) continue;
        if (kind === IS_DELIMITER) break;
        if (kind === IS_HIGH) seen |= FIELD.high;
        else if (kind === IS_QUOTE) seen |= FIELD.stray;
        else seen |= FIELD.control;
      }
      contentEnd = at;
    }
    if (count < capacity) {
      starts[count] = contentStart;
      ends[count] = contentEnd;
      rawStarts[count] = rawStart;
      rawEnds[count] = at;
      flags[count] = seen;
    }
    count++;
    if (at >= stop) return count;
    at++;
  }
}

/**
 * The value of field `i` as csv-parse gives it, decoded as UTF-8 (an invalid sequence becomes U+FFFD: never send what this
 * returns). Makes a string: for tests, times and whatever needs a second look, not for every field.
 */
export function fieldText(bytes: Uint8Array, fields: FieldTable, i: number): string {
  const flags = fields.flags[i]!;
  const start = fields.starts[i]!;
  const end = fields.ends[i]!;
  if ((flags & FIELD.quoted) === 0) return decode(bytes, start, end);
  if ((flags & FIELD.stray) === 0) {
    const text = decode(bytes, start, end);
    return (flags & FIELD.escaped) === 0 ? text : text.replaceAll('""', '"');
  }
  let close = start + 1;
  while (bytes[close] !== QUOTE || bytes[close + 1] === QUOTE) close += bytes[close] === QUOTE ? 2 : 1;
  const inside = decode(bytes, start + 1, close).replaceAll('""', '"');
  const after = decode(bytes, close + 1, end);
  // csv-parse takes a NUL after a closing quote for the end of its buffer: the quote closes, yet the field goes on.
  return bytes[close + 1] === 0 ? inside + after : `"${inside}"${after}`;
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
