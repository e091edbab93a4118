import { isUtf8 } from 'node:buffer';
import { RecordScanner } from './scanner.ts';
import type { Dialect } from './types.ts';
import type { RecordValidator } from '../schema/validator.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Records of one block at most: bounds what the index arrays take. */
const RECORDS_PER_BLOCK = 16_384;

/**
 * Judged records that lie in one buffer, in order. Arrays are reused: use them before the next block is asked for.
 * Record i is bytes [starts[i], ends[i]) with its line end, if it has one; nothing (0, 0) when it is too long to be kept.
 */
export type JudgedBlock = {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** 1 for a record that goes out. */
  readonly goesOut: Uint8Array;
};

export type JudgingOptions = {
  readonly dialect: Dialect;
  /** A longer record, its line end included, is refused unread. Bytes, at least 1. */
  readonly maxRecordBytes: number;
  /** Bytes gathered before they are judged; never below `maxRecordBytes`. */
  readonly blockBytes: number;
};

/**
 * Finds and judges the records of a stream in one pass, for a source that a {@link RecordScanner} has gone through before and
 * found sound: a record then ends at the first line end outside its fields, so splitting it finds its end, and the scanner need
 * not look at every byte again. Gives the records and verdicts that `RecordGatherer` and `RecordValidator.check` give.
 * The first byte must be the first of a record or of a blank line. Memory is one buffer and its index arrays, whatever comes.
 */
export class JudgedRecords {
  readonly #validator: RecordValidator;
  readonly #dialect: Dialect;
  readonly #maxRecordBytes: number;
  readonly #buffer: Buffer;
  readonly #starts = new Uint32Array(RECORDS_PER_BLOCK);
  readonly #ends = new Uint32Array(RECORDS_PER_BLOCK);
  readonly #goesOut = new Uint8Array(RECORDS_PER_BLOCK);
  #count = 0;
  #filled = 0;
  /** Goes through a record that is longer than the buffer. */
  #skipping: RecordScanner | undefined;

  constructor(validator: RecordValidator, { dialect, maxRecordBytes, blockBytes }: JudgingOptions) {
    this.#validator = validator;
    this.#dialect = dialect;
    this.#maxRecordBytes = maxRecordBytes;
    // One more than the longest record: what fills the buffer and is not over is too long.
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(blockBytes, maxRecordBytes + 1));
  }

  /** Add bytes; gives the blocks that are complete on the way. */
  *write(bytes: Uint8Array): Generator<JudgedBlock, void, void> {
    let taken = 0;
    while (taken < bytes.length) {
      if (this.#skipping !== undefined) {
        taken += this.#skip(this.#skipping, bytes.subarray(taken));
        continue;
      }
      const size = Math.min(this.#buffer.length - this.#filled, bytes.length - taken);
      this.#buffer.set(bytes.subarray(taken, taken + size), this.#filled);
      this.#filled += size;
      taken += size;
      if (this.#filled === this.#buffer.length) yield* this.#judge(true);
    }
  }

  /** The source ends here; gives what is left. */
  *end(): Generator<JudgedBlock, void, void> {
    if (this.#skipping !== undefined) this.#refuse();
    yield* this.#judge(false);
  }

  *#judge(more: boolean): Generator<JudgedBlock, void, void> {
    const buffer = this.#buffer;
    const filled = this.#filled;
    const validator = this.#validator;
    // Asked once for all: the last line end is at a character's border, whatever stands behind it.
    const sound = isUtf8(buffer.subarray(0, buffer.lastIndexOf(LF, filled - 1) + 1));
    let start = this.#behindBlankLines(0);
    while (start < filled) {
      const end = validator.split(buffer, start, filled, more);
      if (end === 0) break;
      const i = this.#count++;
      const fits = end - start <= this.#maxRecordBytes;
      const known = sound && buffer[end - 1] === LF;
      this.#starts[i] = fits ? start : end;
      this.#ends[i] = end;
      this.#goesOut[i] = (fits ? validator.judge(buffer, start, known) : validator.refuseOversize()) ? 1 : 0;
      if (this.#count === RECORDS_PER_BLOCK) yield this.#block();
      start = this.#behindBlankLines(end);
    }
    if (this.#count > 0) yield this.#block();
    if (start === 0 && filled === buffer.length) this.#beginSkipping();
    buffer.copyWithin(0, start, filled);
    this.#filled -= start;
  }

  #block(): JudgedBlock {
    const count = this.#count;
    this.#count = 0;
    return { bytes: this.#buffer, count, starts: this.#starts, ends: this.#ends, goesOut: this.#goesOut };
  }

  #behindBlankLines(from: number): number {
    const buffer = this.#buffer;
    let at = from;
    for (;;) {
      if (at < this.#filled && buffer[at] === LF) at++;
      else if (at + 1 < this.#filled && buffer[at] === CR && buffer[at + 1] === LF) at += 2;
      else return at;
    }
  }

  #beginSkipping(): void {
    this.#skipping = new RecordScanner(this.#dialect, 1);
    this.#skip(this.#skipping, this.#buffer);
    this.#filled = 0;
  }

  /** @returns how many of the bytes belong to the record that is skipped */
  #skip(scanner: RecordScanner, bytes: Uint8Array): number {
    scanner.feed(bytes);
    const end = scanner.next();
    if (end === -1) return bytes.length;
    this.#refuse();
    return end;
  }

  #refuse(): void {
    this.#skipping = undefined;
    const i = this.#count++;
    this.#starts[i] = this.#ends[i] = 0;
    this.#goesOut[i] = this.#validator.refuseOversize() ? 1 : 0;
  }
}
