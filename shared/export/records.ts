import { RecordScanner } from './scanner.ts';
import type { Dialect, RecordBlock } from './types.ts';

/** Records of one block at most: bounds what the index arrays take. */
const RECORDS_PER_BLOCK = 16_384;

const DEFAULT_BLOCK_BYTES = 1024 * 1024;

export type ReadOptions = {
  readonly dialect: Dialect;
  /** A longer record, its line end included, is skipped and passed on by reference. Bytes, at least 1. */
  readonly maxRecordBytes: number;
  /** Offset of the first byte in the pinned source. */
  readonly offset: number;
  /** Physical line of the first byte. */
  readonly firstLine: number;
  /** Size of the buffer records are gathered in; never below `maxRecordBytes`. Default 1 MiB. */
  readonly blockBytes?: number;
};

/**
 * The records of a byte range as they stream in, gathered into blocks of whole records. Memory is the block buffer and its index
 * arrays whatever comes: a record over `maxRecordBytes` is gone through and not kept. What a record is, is what {@link RecordScanner} says.
 * The first byte of `source` must be the first of a record or of a blank line.
 * @throws {ExportRejectedError} QUOTE_NEVER_CLOSED
 */
export async function* readRecords(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<RecordBlock> {
  const gatherer = new RecordGatherer(options);
  for await (const bytes of source) yield* gatherer.write(bytes);
  yield* gatherer.end();
}

/** {@link readRecords} for whoever has the bytes at hand. Blocks must be used before the next one is asked for. */
export class RecordGatherer {
  readonly #scanner: RecordScanner;
  readonly #maxRecordBytes: number;
  readonly #buffer: Buffer;
  readonly #starts = new Uint32Array(RECORDS_PER_BLOCK);
  readonly #ends = new Uint32Array(RECORDS_PER_BLOCK);
  readonly #lines = new Float64Array(RECORDS_PER_BLOCK);
  readonly #oversize = new Uint8Array(RECORDS_PER_BLOCK);
  #oversizeRanges: { start: number; end: number }[] = [];
  #count = 0;
  /** Bytes in the buffer, and the offset of its first in the source. */
  #filled = 0;
  #offset: number;
  /** Offset in the source and line where the current record starts; before `#offset` once its first bytes were dropped. */
  #recordStart: number;
  #recordLine: number;

  constructor({ dialect, maxRecordBytes, offset, firstLine, blockBytes = DEFAULT_BLOCK_BYTES }: ReadOptions) {
    this.#scanner = new RecordScanner(dialect, firstLine);
    this.#maxRecordBytes = maxRecordBytes;
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(blockBytes, maxRecordBytes));
    this.#offset = offset;
    this.#recordStart = offset;
    this.#recordLine = firstLine;
  }

  /** Add bytes; gives each block that fills up on the way. @throws {ExportRejectedError} QUOTE_NEVER_CLOSED */
  *write(bytes: Uint8Array): Generator<RecordBlock, void, void> {
    const scanner = this.#scanner;
    let taken = 0;
    while (taken < bytes.length) {
      if (this.#filled === this.#buffer.length) {
        if (this.#count > 0) yield this.#block();
        this.#makeRoom();
      }
      const from = this.#filled;
      const size = Math.min(this.#buffer.length - from, bytes.length - taken);
      this.#buffer.set(bytes.subarray(taken, taken + size), from);
      this.#filled += size;
      taken += size;
      scanner.feed(this.#buffer.subarray(from, this.#filled));
      for (let end = scanner.next(); end !== -1; end = scanner.next()) {
        if (!scanner.blank) this.#add(from + end);
        this.#recordStart = this.#offset + from + end;
        this.#recordLine = scanner.line;
        if (this.#count === RECORDS_PER_BLOCK) yield this.#block();
      }
    }
  }

  /** The source ends here; gives the last block, if records are left. @throws {ExportRejectedError} QUOTE_NEVER_CLOSED */
  *end(): Generator<RecordBlock, void, void> {
    if (this.#scanner.end()) this.#add(this.#filled);
    if (this.#count > 0) yield this.#block();
  }

  #add(end: number): void {
    const i = this.#count++;
    const start = this.#recordStart - this.#offset;
    const over = end - start > this.#maxRecordBytes;
    this.#starts[i] = over ? end : start;
    this.#ends[i] = end;
    this.#lines[i] = this.#recordLine;
    this.#oversize[i] = over ? 1 : 0;
    if (over) this.#oversizeRanges.push({ start: this.#recordStart, end: this.#offset + end });
  }

  #block(): RecordBlock {
    const block: RecordBlock = {
      bytes: this.#buffer,
      offset: this.#offset,
      count: this.#count,
      starts: this.#starts,
      ends: this.#ends,
      lines: this.#lines,
      oversize: this.#oversize,
      oversizeRanges: this.#oversizeRanges,
    };
    this.#count = 0;
    this.#oversizeRanges = [];
    return block;
  }

  /** The buffer is full: keep the open record alone, or nothing of it when it alone fills the buffer and so is too long. */
  #makeRoom(): void {
    const start = this.#recordStart - this.#offset;
    const kept = start > 0 ? this.#filled - start : 0;
    this.#buffer.copyWithin(0, this.#filled - kept, this.#filled);
    this.#offset += this.#filled - kept;
    this.#filled = kept;
  }
}
