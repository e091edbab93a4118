import { createHash } from 'node:crypto';
import { ExportRejectedError } from '../errors.ts';
import { Utf8Watch } from './encoding.ts';
import type { ChunkBoundary, Dialect, ScanCheckpoint, Utf8Census } from './types.ts';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

/** Bytes looked at one by one before native search is called: a call costs as much as about this many steps of a loop. */
const HOP = 24;

const UNQUOTED = 0;
const QUOTED = 1;
const QUOTE_SEEN = 2;
const CR_SEEN = 3;

/**
 * Finds where records end, a buffer at a time, from any number of bytes up; memory is the same for any input.
 * A record is what csv-parse 7 makes of it with `record_delimiter: ['\r\n', '\n']`, `relax_quotes` and `skip_empty_lines`:
 *
 * - `UNQUOTED`: LF ends the record (a CR before it belongs to the line end, any other CR is data). A quote opens a quoted field
 *   if it is the first byte of a field, that is at the start of a record or after a delimiter; elsewhere it is data.
 * - `QUOTED`: everything is data up to the next quote, of which `QUOTE_SEEN` decides by the byte after it:
 * - `QUOTE_SEEN`: a quote makes a pair, and the field goes on; delimiter or LF closes it; a CR leads to `CR_SEEN`. Anything else
 *   closes it too, but strayed: csv-parse takes its quotes for data, and the field goes on unquoted.
 * - `CR_SEEN`: LF closes the field, anything else closes it strayed.
 *
 * The one rule of our own: a field that strayed after a line end inside it, or is open at the end, is a quote never closed.
 * Everything behind it would be read shifted, so the whole export is refused.
 *
 * Two cursors, to the next quote and the next LF, are moved by native search; bytes between them are not looked at.
 */
export class RecordScanner {
  readonly #delimiter: number;
  readonly #quoting: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #state = UNQUOTED;
  /** Next byte to judge in `QUOTE_SEEN` and `CR_SEEN`. */
  #at = 0;
  #quoteAt = 0;
  #lineAt = 0;
  /** Where the current record starts; negative when it began in an earlier buffer. */
  #recordAt = 0;
  /** The byte before this buffer, and the last one of it. */
  #previous = 0;
  #last = 0;
  #line: number;
  #quoteLine = 0;
  #lineInQuotes = false;
  #blank = false;

  /** @param line physical line of the first byte: line ends are counted from here */
  constructor({ delimiter, quote }: Dialect, line: number) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quoting = quote !== null;
    this.#line = line;
  }

  /** Physical line of the byte after the last line end that was found, in quotes or not. */
  get line(): number {
    return this.#line;
  }

  /** Whether what `next` found last was a blank line, which is no record. */
  get blank(): boolean {
    return this.#blank;
  }

  /** Go on with these bytes; the ones before were gone through to the end. They are not kept once `next` gave -1. */
  feed(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#recordAt -= this.#length;
    this.#previous = this.#last;
    this.#last = bytes[bytes.length - 1]!;
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#length = bytes.length;
    this.#at = 0;
    this.#quoteAt = this.#quoting ? this.#seek(QUOTE, 0) : this.#length;
    this.#lineAt = this.#seek(LF, 0);
  }

  /**
   * Index after the line end of the next record or blank line, or -1 when these bytes hold no further one.
   * @throws {ExportRejectedError} QUOTE_NEVER_CLOSED
   */
  next(): number {
    for (;;) {
      if (this.#state === UNQUOTED) {
        const quoteAt = this.#quoteAt;
        const lineAt = this.#lineAt;
        if (quoteAt < lineAt) {
          if (quoteAt === this.#recordAt || this.#byteBefore(quoteAt) === this.#delimiter) {
            this.#state = QUOTED;
            this.#quoteLine = this.#line;
            this.#lineInQuotes = false;
          }
          this.#quoteAt = this.#seek(QUOTE, quoteAt + 1);
          continue;
        }
        if (lineAt === this.#length) return -1;
        const bytes = lineAt - this.#recordAt;
        this.#blank = bytes === 0 || (bytes === 1 && this.#byteBefore(lineAt) === CR);
        this.#line++;
        this.#recordAt = lineAt + 1;
        this.#lineAt = this.#seek(LF, lineAt + 1);
        return this.#recordAt;
      }
      if (this.#state === QUOTED) {
        while (this.#lineAt < this.#quoteAt) {
          this.#line++;
          this.#lineInQuotes = true;
          this.#lineAt = this.#seek(LF, this.#lineAt + 1);
        }
        if (this.#quoteAt === this.#length) return -1;
        this.#state = QUOTE_SEEN;
        this.#at = this.#quoteAt + 1;
      }
      if (this.#at === this.#length) return -1;
      this.#afterQuote(this.#bytes[this.#at]!);
    }
  }

  /**
   * Whether the bytes end in a record that has no line end.
   * @throws {ExportRejectedError} QUOTE_NEVER_CLOSED
   */
  end(): boolean {
    if (this.#state === QUOTED || (this.#state === CR_SEEN && this.#lineInQuotes)) throw this.#neverClosed();
    return this.#recordAt < this.#length;
  }

  #afterQuote(byte: number): void {
    if (byte === CR && this.#state === QUOTE_SEEN) {
      this.#state = CR_SEEN;
      this.#at++;
      return;
    }
    if (byte === QUOTE && this.#state === QUOTE_SEEN) {
      this.#state = QUOTED;
      this.#quoteAt = this.#seek(QUOTE, this.#at + 1);
      return;
    }
    const closes = byte === LF || (byte === this.#delimiter && this.#state === QUOTE_SEEN);
    if (!closes && this.#lineInQuotes) throw this.#neverClosed();
    this.#state = UNQUOTED;
    this.#quoteAt = this.#seek(QUOTE, this.#at);
  }

  #byteBefore(at: number): number {
    return at === 0 ? this.#previous : this.#bytes[at - 1]!;
  }

  #seek(byte: number, from: number): number {
    const bytes = this.#bytes;
    const near = Math.min(from + HOP, this.#length);
    for (let at = from; at < near; at++) if (bytes[at] === byte) return at;
    const found = bytes.indexOf(byte, near);
    return found === -1 ? this.#length : found;
  }

  #neverClosed(): ExportRejectedError {
    return new ExportRejectedError({
      code: 'QUOTE_NEVER_CLOSED',
      line: this.#quoteLine,
      cause: `The quote that opens a field on line ${this.#quoteLine} is never closed, so what follows cannot be told apart.`,
      cure: `Close the quote on line ${this.#quoteLine}, or double it if it belongs to the value, or export again; if the export uses no quoting at all, set "quoting" to "none" in the mapping file.`,
    });
  }
}

export type BoundaryScannerOptions = {
  readonly dialect: Dialect;
  /** Records of a chunk; the last one may have fewer. */
  readonly chunkRecords: number;
  /** Where to begin: after the header, or at the checkpoint of a scan that was cut off. */
  readonly from: ScanCheckpoint;
};

/**
 * Cuts the records of an export into chunks while its bytes stream by, with the SHA-256 of each.
 * Chunks lie one after another without a gap. A chunk ends with the line end of its last record, so blank lines belong to the chunk
 * that follows them; behind a last chunk that is full they belong to none.
 */
export class BoundaryScanner {
  readonly #scanner: RecordScanner;
  readonly #chunkRecords: number;
  readonly #utf8: Utf8Watch;
  #checkpoint: ScanCheckpoint;
  #hash = createHash('sha256');
  /** Bytes and records since the checkpoint. */
  #bytes = 0;
  #records = 0;

  constructor({ dialect, chunkRecords, from }: BoundaryScannerOptions) {
    this.#scanner = new RecordScanner(dialect, from.line);
    this.#chunkRecords = chunkRecords;
    this.#utf8 = new Utf8Watch(from.utf8);
    this.#checkpoint = from;
  }

  /** What is known at the end of the last whole chunk: a scanner made from it and given the bytes from there goes on alike. */
  get checkpoint(): ScanCheckpoint {
    return this.#checkpoint;
  }

  /** Records found so far, those before the checkpoint included. */
  get records(): number {
    return this.#checkpoint.records + this.#records;
  }

  /** What was seen of bytes above 0x7F so far. */
  get census(): Utf8Census {
    return this.#utf8.census;
  }

  /**
   * Scan the bytes that follow, from one upward. They may be reused afterwards.
   * @returns the chunks that were completed within them
   * @throws {ExportRejectedError} QUOTE_NEVER_CLOSED
   */
  write(bytes: Uint8Array): ChunkBoundary[] {
    const boundaries: ChunkBoundary[] = [];
    const scanner = this.#scanner;
    let taken = 0;
    scanner.feed(bytes);
    for (let end = scanner.next(); end !== -1; end = scanner.next()) {
      if (scanner.blank) continue;
      this.#records++;
      if (this.#records === this.#chunkRecords) {
        this.#take(bytes.subarray(taken, end));
        boundaries.push(this.#close());
        taken = end;
      }
    }
    this.#take(bytes.subarray(taken));
    return boundaries;
  }

  /**
   * The export ends here.
   * @returns the last chunk, if records are left for one
   * @throws {ExportRejectedError} QUOTE_NEVER_CLOSED
   */
  end(): ChunkBoundary | undefined {
    if (this.#scanner.end()) this.#records++;
    this.#utf8.end();
    return this.#records === 0 ? undefined : this.#close();
  }

  #take(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#utf8.write(bytes);
    this.#bytes += bytes.length;
  }

  #close(): ChunkBoundary {
    const { offset, records, line, chunks } = this.#checkpoint;
    const boundary: ChunkBoundary = {
      chunk: chunks + 1,
      start: offset,
      end: offset + this.#bytes,
      firstRecord: records + 1,
      firstLine: line,
      records: this.#records,
      sha256: this.#hash.digest('hex'),
    };
    this.#checkpoint = {
      offset: boundary.end,
      records: records + this.#records,
      line: this.#scanner.line,
      chunks: boundary.chunk,
      utf8: this.#utf8.census,
    };
    this.#hash = createHash('sha256');
    this.#bytes = 0;
    this.#records = 0;
    return boundary;
  }
}
