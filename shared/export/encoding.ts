import { isAscii, isUtf8 } from 'node:buffer';
import type { MappingFile } from '../schema/mappingFile.ts';
import type { PinnedEncoding, Utf8Census } from './types.ts';

/** Lowest and highest second byte of a sequence by its first byte, and its length: Unicode 16, table 3-7. */
function sequence(first: number): { length: number; low: number; high: number } {
  if (first < 0xc2 || first > 0xf4) return { length: 0, low: 0, high: 0 };
  if (first < 0xe0) return { length: 2, low: 0x80, high: 0xbf };
  if (first < 0xf0)
    return { length: 3, low: first === 0xe0 ? 0xa0 : 0x80, high: first === 0xed ? 0x9f : 0xbf };
  return { length: 4, low: first === 0xf0 ? 0x90 : 0x80, high: first === 0xf4 ? 0x8f : 0xbf };
}

/**
 * Length of the well-formed multi-byte sequence at `at`; 0 when there is none; -1 when the bytes end before that can be told.
 */
function sequenceAt(bytes: Uint8Array, at: number): number {
  const { length, low, high } = sequence(bytes[at]!);
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return -1;
    if (byte < (i === 1 ? low : 0x80) || byte > (i === 1 ? high : 0xbf)) return 0;
  }
  return length;
}

/** How many bytes at the end begin a sequence that more bytes could complete: 0 to 3. */
function openTail(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const at = bytes.length - back;
    if (bytes[at]! >= 0xc0) return sequenceAt(bytes, at) === -1 ? back : 0;
  }
  return 0;
}

/** Watches a stream for well-formed and malformed UTF-8, whatever the size of its buffers. Costs next to nothing on plain ASCII. */
export class Utf8Watch {
  #wellFormed: boolean;
  #malformed: boolean;
  /** Up to 3 bytes of a sequence that the last buffer left open. */
  #open: Uint8Array = new Uint8Array(0);

  constructor(before: Utf8Census = { wellFormed: false, malformed: false }) {
    this.#wellFormed = before.wellFormed;
    this.#malformed = before.malformed;
  }

  /** What was seen so far; a sequence still open at the end of the last buffer is not yet judged. */
  get census(): Utf8Census {
    return { wellFormed: this.#wellFormed, malformed: this.#malformed };
  }

  write(bytes: Uint8Array): void {
    if (this.#wellFormed && this.#malformed) return;
    if (this.#open.length > 0) {
      const joined = Buffer.concat([this.#open, bytes.subarray(0, 3)]);
      const length = sequenceAt(joined, 0);
      if (length === -1 && bytes.length < 3) {
        this.#open = joined;
        return;
      }
      const opened = this.#open.length;
      this.#open = new Uint8Array(0);
      if (length <= 0) this.#malformed = true;
      else {
        this.#wellFormed = true;
        bytes = bytes.subarray(length - opened);
      }
    }
    if (isAscii(bytes)) return;
    const tail = openTail(bytes);
    if (tail > 0) {
      this.#open = Uint8Array.from(bytes.subarray(bytes.length - tail));
      bytes = bytes.subarray(0, bytes.length - tail);
      if (isAscii(bytes)) return;
    }
    if (isUtf8(bytes)) this.#wellFormed = true;
    else {
      this.#malformed = true;
      this.#wellFormed ||= hasSequence(bytes);
    }
  }

  /** The stream ends here: a sequence left open is malformed. */
  end(): void {
    if (this.#open.length > 0) this.#malformed = true;
  }
}

function hasSequence(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! > 0x7f && sequenceAt(bytes, at) > 0) return true;
  return false;
}

/**
 * The encoding of an export whose every byte was seen. Only valid UTF-8, or none above 0x7F: UTF-8. High bytes without a single
 * well-formed sequence: Windows-1252. Both: UTF-8, and the records at fault get INVALID_UTF8.
 */
export function decideEncoding(
  { wellFormed, malformed }: Utf8Census,
  forced?: PinnedEncoding,
): PinnedEncoding {
  return forced ?? (malformed && !wellFormed ? 'windows-1252' : 'utf-8');
}

/** The encoding of the pinned bytes that a mapping file forces: UTF-16 was made UTF-8 when it was staged. */
export function forcedEncoding({ encoding }: MappingFile): PinnedEncoding | undefined {
  return encoding === 'utf-16le' || encoding === 'utf-16be' ? 'utf-8' : encoding;
}
