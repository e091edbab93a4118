import { FIELD, FieldTable, splitFields } from './fields.ts';
import type { Dialect, ExportPlan } from '../export/types.ts';
import { WINDOWS_1252_AS_UTF8, WINDOWS_1252_LENGTHS } from './windows1252.ts';

const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;
/** A byte of Windows-1252 takes up to three of UTF-8 (`€`). */
const MAX_TRANSCODED = 3;

/**
 * Writes records as the connector is to have them: as they came; or with some columns left out, another delimiter between them
 * (a field that holds it is quoted anew), and UTF-8 instead of Windows-1252. A record keeps its line end, and the lack of one.
 */
export class RecordWriter {
  /** Whether records go out byte for byte, so that whole runs of them can be copied instead. */
  readonly verbatim: boolean;
  readonly #dialect: Dialect;
  readonly #transcode: boolean;
  readonly #keep: readonly number[];
  readonly #delimiter: number;
  readonly #fields: FieldTable;

  constructor({
    output,
    encoding,
    dialect,
    validation,
  }: Pick<ExportPlan, 'output' | 'encoding' | 'dialect' | 'validation'>) {
    this.#dialect = dialect;
    this.#transcode = encoding === 'windows-1252';
    this.verbatim = output.kind === 'verbatim' && !this.#transcode;
    this.#keep = output.kind === 'rewrite' ? output.keep : [];
    this.#delimiter = output.kind === 'rewrite' ? output.delimiter.charCodeAt(0) : -1;
    this.#fields = new FieldTable(output.kind === 'rewrite' ? validation.columns : 1);
  }

  /** Most bytes that a record of `length` bytes can take: what must be free in `out`. */
  maxLength(length: number): number {
    if (this.verbatim) return length;
    // Quoted anew, a field gains two quotes and each quote in it becomes two.
    const requoted = this.#delimiter < 0 ? length : 2 * length + 2 * this.#keep.length;
    return this.#transcode ? MAX_TRANSCODED * requoted : requoted;
  }

  /** Write the record bytes[start, end) into `out` from `at`. @returns the index behind its last byte */
  write(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    if (this.#delimiter < 0) return this.#copy(bytes, start, end, out, at);
    const fields = this.#fields;
    const count = splitFields(bytes, start, end, this.#dialect, fields);
    let to = at;
    for (let i = 0; i < this.#keep.length; i++) {
      if (i > 0) out[to++] = this.#delimiter;
      const column = this.#keep[i]!;
      if (column >= count) continue;
      const from = fields.rawStart(column);
      const until = fields.rawEnd(column);
      to = this.#mustQuote(bytes, from, until, fields.flags[column]!)
        ? this.#writeQuoted(bytes, from, until, out, to)
        : this.#copy(bytes, from, until, out, to);
    }
    return this.#copy(bytes, lineEndAt(bytes, start, end), end, out, to);
  }

  /** A field keeps its quotes. One without needs them when the new delimiter is in it, or a quote that was mere data. */
  #mustQuote(bytes: Uint8Array, from: number, until: number, flags: number): boolean {
    if ((flags & (FIELD.quoted | FIELD.stray)) === FIELD.quoted) return false;
    for (let i = from; i < until; i++) {
      const byte = bytes[i]!;
      if (byte === this.#delimiter || (byte === QUOTE && this.#dialect.quote === null)) return true;
    }
    return false;
  }

  #writeQuoted(bytes: Uint8Array, from: number, until: number, out: Uint8Array, at: number): number {
    let to = at;
    out[to++] = QUOTE;
    for (let i = from; i < until; i++) {
      if (bytes[i] === QUOTE) out[to++] = QUOTE;
      to = this.#copy(bytes, i, i + 1, out, to);
    }
    out[to++] = QUOTE;
    return to;
  }

  #copy(bytes: Uint8Array, from: number, until: number, out: Uint8Array, at: number): number {
    let to = at;
    if (!this.#transcode) {
      if (until - from > 64) {
        out.set(bytes.subarray(from, until), to);
        return to + until - from;
      }
      for (let i = from; i < until; i++) out[to++] = bytes[i]!;
      return to;
    }
    for (let i = from; i < until; i++) {
      const byte = bytes[i]!;
      if (byte < 0x80) out[to++] = byte;
      else
        for (let j = 0, first = byte * MAX_TRANSCODED; j < WINDOWS_1252_LENGTHS[byte]!; j++)
          out[to++] = WINDOWS_1252_AS_UTF8[first + j]!;
    }
    return to;
  }
}

/** Where the line end of the record bytes[start, end) begins; `end` when it has none. */
export function lineEndAt(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || bytes[end - 1] !== LF) return end;
  return end - 1 > start && bytes[end - 2] === CR ? end - 2 : end - 1;
}
