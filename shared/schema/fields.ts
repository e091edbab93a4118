import type { Dialect } from '../export/types.ts';

/** What {@link splitFields} saw of a field, as bits. */
export const FIELD = {
  /** It opens with a quote. */
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

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

/** The bits of {@link FIELD} that a byte means wherever it stands in a field; quotes and delimiters apart. */
function bitsOfBytes(): Uint8Array {
  const bits = new Uint8Array(256);
  bits.fill(FIELD.control, 0, 0x20);
  bits[0x7f] = FIELD.control;
  bits[TAB] = 0;
  bits.fill(FIELD.high, 0x80);
  return bits;
}

/** Of bytes inside quotes, where line ends are data. */
const QUOTED_BITS = bitsOfBytes();
QUOTED_BITS[LF] = 0;
QUOTED_BITS[CR] = 0;

/** Of bytes outside quotes when a quote is data like any other, and when it is a stray. */
const UNQUOTING_BITS = bitsOfBytes();
const UNQUOTED_BITS = bitsOfBytes();
UNQUOTED_BITS[QUOTE] = FIELD.stray;

/**
 * Four bytes are looked at as one little-endian word. What is found of them is marked by the highest bit of each byte; of these
 * only the lowest can be relied on, since a borrow may set others above it, so the byte it points at is looked at by itself.
 * Only together are the marks right: a byte above 0x7F is marked by `marksOdd`, whatever the others say of it.
 */
const EACH = 0x01010101;
const HIGHEST = 0x80808080;
const QUOTES = QUOTE * EACH;
const BLANKS = 0x20 * EACH;

/** Marks bytes equal to the one repeated in `bytes`. */
const marksByte = (word: number, bytes: number): number => (word ^ bytes) - EACH;
/** Marks bytes below 0x20, 0x7F and above: what may have bits of {@link FIELD}. */
const marksOdd = (word: number): number => (word - BLANKS) | word | (word + EACH);
/** Index of the byte with the lowest mark. */
const lowest = (found: number): number => (31 - Math.clz32(found & -found)) >> 3;

/**
 * Where the fields of one record lie: indexes into the buffer the record was split in. Made once, filled again for every record.
 * Fields past `capacity` are counted but not kept, so that a megabyte of delimiters costs no memory.
 */
export class FieldTable {
  readonly capacity: number;
  /** Content of field i is [starts[i], ends[i]): inside the quotes when it is quoted and not stray, else all of it. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Bits of {@link FIELD}. */
  readonly flags: Uint8Array;
  /** Bits of all fields together, those past the capacity included. */
  seen = 0;
  /** Index behind the record, its line end included. */
  end = 0;
  #bytes: Uint8Array | undefined;
  #words: DataView = new DataView(new ArrayBuffer(0));

  /** @param capacity fields kept of a record; the number of columns and one more is enough to judge a record */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
    this.flags = new Uint8Array(capacity);
  }

  /** Where field i begins as it came, quotes included. */
  rawStart(i: number): number {
    return this.starts[i]! - this.#border(i);
  }

  /** Where field i ends as it came, quotes included. */
  rawEnd(i: number): number {
    return this.ends[i]! + this.#border(i);
  }

  /** Bytes of the quote on either side of field i. */
  #border(i: number): number {
    return (this.flags[i]! & (FIELD.quoted | FIELD.stray)) === FIELD.quoted ? 1 : 0;
  }

  /** The bytes seen as words. Kept from record to record, as they mostly lie in one buffer. */
  wordsOf(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#words;
  }
}

/**
 * Split the record that begins at `start` into fields, as csv-parse does with `relax_quotes`: it ends behind its line end (LF or
 * CRLF outside quotes), or at `end`. A field is quoted when its first byte is a quote; inside, two quotes are one, and any other
 * quote closes. What follows a closing quote up to the delimiter makes the field stray: csv-parse then takes the quotes for data.
 * No string is made.
 *
 * @param more whether more bytes may follow at `end`: then a record that is not over before `end` is not split
 * @returns how many fields the record has, the first `fields.capacity` of them in `fields`; 0 when it is not over
 */
export function splitFields(
  bytes: Uint8Array,
  start: number,
  end: number,
  dialect: Dialect,
  fields: FieldTable,
  more = false,
): number {
  const { starts, ends, flags, capacity } = fields;
  const words = fields.wordsOf(bytes);
  const delimiter = dialect.delimiter.charCodeAt(0);
  const quoting = dialect.quote !== null;
  const bits = quoting ? UNQUOTED_BITS : UNQUOTING_BITS;
  const delimiters = Math.imul(delimiter, EACH);
  const quotes = quoting ? QUOTES : delimiters;
  const lastWord = end - 4;

  let count = 0;
  let all = 0;
  let at = start;
  for (;;) {
    const rawStart = at;
    at = behindPlain(words, at, lastWord, delimiters, quotes);
    // Most fields are plain.
    if (at < end && bytes[at] === delimiter) {
      starts[count] = rawStart;
      ends[count] = at;
      flags[count] = 0;
      count++;
      at++;
      continue;
    }
    let seen = 0;
    let border = 0;
    let lineEnd = 0;
    if (quoting && at === rawStart && at < end && bytes[at] === QUOTE) {
      at = closingQuote(bytes, words, at + 1, end, fields);
      seen = fields.seen;
      if (at + 1 < end && bytes[at + 1] === delimiter) {
        starts[count] = rawStart + 1;
        ends[count] = at;
        flags[count] = seen;
        all |= seen;
        count++;
        at += 2;
        continue;
      }
      const closed = at < end;
      if (closed) at++;
      if (closed && at < end) lineEnd = lineEndAt(bytes, at, end, more);
      if (lineEnd === UNKNOWN || (more && at === end)) return 0;
      if (closed && (at === end || lineEnd > 0 || bytes[at] === delimiter)) border = 1;
      else seen |= FIELD.stray;
    }
    while (at < end && lineEnd === 0) {
      at = behindPlain(words, at, lastWord, delimiters, quotes);
      if (at === end || bytes[at] === delimiter) break;
      lineEnd = lineEndAt(bytes, at, end, more);
      if (lineEnd === UNKNOWN) return 0;
      if (lineEnd > 0) break;
      // Letters beyond ASCII seldom come alone.
      do {
        seen |= bits[bytes[at]!]!;
        at++;
      } while (at < end && bytes[at]! >= 0x80);
    }
    if (more && at === end) return 0;
    if (count < capacity) {
      starts[count] = rawStart + border;
      ends[count] = at - border;
      flags[count] = seen;
    }
    count++;
    all |= seen;
    if (lineEnd > 0 || at === end) {
      fields.seen = all;
      fields.end = at + lineEnd;
      return count;
    }
    at++;
  }
}

/** Index of the next byte from `at` that may be a delimiter, a quote or odd; past `lastWord` bytes are not looked at. */
function behindPlain(
  words: DataView,
  from: number,
  lastWord: number,
  delimiters: number,
  quotes: number,
): number {
  let at = from;
  while (at <= lastWord) {
    const word = words.getInt32(at, true);
    const found = (marksByte(word, delimiters) | marksByte(word, quotes) | marksOdd(word)) & HIGHEST;
    if (found !== 0) return at + lowest(found);
    at += 4;
  }
  return at;
}

const UNKNOWN = -1;

/** Bytes of the line end at `at`: 0 when there is none, UNKNOWN for a CR whose next byte is still to come. */
function lineEndAt(bytes: Uint8Array, at: number, end: number, more: boolean): number {
  if (bytes[at] === LF) return 1;
  if (bytes[at] !== CR) return 0;
  if (at + 1 < end) return bytes[at + 1] === LF ? 2 : 0;
  return more ? UNKNOWN : 0;
}

/** Where the quoted field whose content starts at `from` closes, or `stop`; leaves its bits in `fields.seen`. */
function closingQuote(
  bytes: Uint8Array,
  words: DataView,
  from: number,
  stop: number,
  fields: FieldTable,
): number {
  const lastWord = stop - 4;
  let seen: number = FIELD.quoted;
  let at = from;
  while (at < stop) {
    at = behindPlain(words, at, lastWord, QUOTES, QUOTES);
    if (at === stop) break;
    if (bytes[at] === QUOTE) {
      if (at + 1 === stop || bytes[at + 1] !== QUOTE) break;
      seen |= FIELD.escaped;
      at += 2;
      continue;
    }
    do {
      seen |= QUOTED_BITS[bytes[at]!]!;
      at++;
    } while (at < stop && bytes[at]! >= 0x80);
  }
  fields.seen = seen;
  return at;
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
  while (close < end && (bytes[close] !== QUOTE || bytes[close + 1] === QUOTE)) {
    close += bytes[close] === QUOTE ? 2 : 1;
  }
  const inside = decode(bytes, start + 1, close).replaceAll('""', '"');
  const after = decode(bytes, close + 1, end);
  // csv-parse takes a NUL after a closing quote for the end of its buffer: the quote closes, yet the field goes on.
  return bytes[close + 1] === 0 ? inside + after : `"${inside}"${after}`;
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
