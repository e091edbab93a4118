import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { ExportRejectedError, type Reason } from '../errors.ts';
import { LONE_CR, refuseOtherThanNames } from './columnNames.ts';
import { CSV_PARSE_OPTIONS, detectDialect, type DialectHints } from './dialect.ts';
import { RecordScanner } from './scanner.ts';
import { looksBinary, refuseCompressed, signatureOf } from './signature.ts';
import type { Dialect, PinnedEncoding } from './types.ts';
import { decodeWindows1252 } from '../schema/windows1252.ts';

/** Bytes of the pinned source that {@link readHead} wants to see; all of it when it is shorter. */
export const HEAD_BYTES = 256 * 1024;

/** Longest header line: many times what the names of an audit export take. */
const MAX_HEADER_BYTES = 64 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const BOM = [0xef, 0xbb, 0xbf] as const;

export type HeadOptions = DialectHints & {
  /** Size of the pinned source, bytes. */
  readonly totalBytes: number;
  /** Encoding that was decided by the scan or set by hand; without it the header's own bytes decide how it is read. */
  readonly encoding?: PinnedEncoding;
};

/** What the first bytes of an export say. Offsets are bytes of the pinned source. */
export type Head = {
  /** `utf-8` when a byte order mark says so; undefined until the whole export was scanned. */
  readonly encoding: 'utf-8' | undefined;
  readonly bomBytes: 0 | 3;
  readonly dialect: Dialect;
  readonly header: {
    /** After byte order mark and blank lines. */
    readonly start: number;
    /** After its line end: where the records begin. */
    readonly end: number;
    /** As it came, with its line end if it has one. */
    readonly text: string;
    readonly columns: readonly string[];
  };
  /** Physical line of the byte at `header.end`, from 1. */
  readonly firstLine: number;
};

/**
 * Read the head of an export that is UTF-8 or Windows-1252 (anything else was unpacked before). No error quotes what it read: without
 * a header line it would be a patient's record.
 *
 * @param bytes the first {@link HEAD_BYTES}, or more, or all there are
 * @throws {ExportRejectedError} EMPTY_FILE, COMPRESSED_CONTENT, BINARY_FILE, UNKNOWN_DELIMITER, DELIMITER_MISMATCH, HEADER_TOO_LONG,
 *   QUOTE_NEVER_CLOSED, LONE_CR, INVALID_UTF8, TOO_MANY_COLUMNS, BREAK_IN_HEADER, NO_HEADER
 */
export function readHead(bytes: Uint8Array, name: string, options: HeadOptions): Head {
  const complete = bytes.length >= options.totalBytes;
  refuseOtherThanText(bytes);
  const bomBytes = BOM.every((byte, i) => bytes[i] === byte) ? 3 : 0;
  const skipped = bomBytes + blankLines(bytes, bomBytes);
  if (skipped === bytes.length && complete) throw rejected('EMPTY_FILE', EMPTY);
  const text = bytes.subarray(skipped);
  const dialect = detectDialect(text, complete, name, options);
  const scanner = new RecordScanner(dialect, 1 + lineEnds(bytes, skipped));
  const length = headerLength(text, complete, scanner);
  const { text: headerText, encoding } = decodeHeader(
    text.subarray(0, length),
    options.encoding ?? (bomBytes ? 'utf-8' : undefined),
  );
  const columns = columnsOf(headerText, dialect);
  refuseOtherThanNames(columns, {
    isKnown: options.isKnown ?? (() => false),
    windows1252: encoding === 'windows-1252',
  });
  return {
    encoding: bomBytes === 3 ? 'utf-8' : undefined,
    bomBytes,
    dialect,
    header: { start: skipped, end: skipped + length, text: headerText, columns },
    firstLine: scanner.line,
  };
}

function refuseOtherThanText(bytes: Uint8Array): void {
  const found = signatureOf(bytes);
  refuseCompressed(found);
  if (found === undefined && !looksBinary(bytes)) return;
  throw rejected('BINARY_FILE', {
    cause: `The file is ${found?.label ?? 'binary: control characters stand where text should be'}, not a text export.`,
    cure: 'Export as CSV (UTF-8), pipe- or tab-separated text; if it is text in a rare encoding, set `encoding` in the mapping file.',
  });
}

/** Length of the blank lines at `from`, which are no records. */
function blankLines(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF)) at += bytes[at] === LF ? 1 : 2;
  return at - from;
}

function lineEnds(bytes: Uint8Array, end: number): number {
  return bytes.subarray(0, end).filter((byte) => byte === LF).length;
}

function headerLength(text: Uint8Array, complete: boolean, scanner: RecordScanner): number {
  scanner.feed(text);
  let length = scanner.next();
  if (length === -1) {
    if (text.includes(CR) && !text.includes(LF)) throw new ExportRejectedError(LONE_CR);
    scanner.end();
    length = complete ? text.length : Infinity;
  }
  if (length > MAX_HEADER_BYTES) throw rejected('HEADER_TOO_LONG', TOO_LONG);
  return length;
}

function decodeHeader(
  bytes: Uint8Array,
  encoding: PinnedEncoding | undefined,
): { readonly text: string; readonly encoding: PinnedEncoding } {
  if (encoding !== 'windows-1252' && isUtf8(bytes))
    return { text: Buffer.from(bytes).toString('utf8'), encoding: 'utf-8' };
  if (encoding !== 'utf-8') return { text: decodeWindows1252(bytes), encoding: 'windows-1252' };
  throw rejected('INVALID_UTF8', {
    line: 1,
    cause: 'The export is UTF-8, but its header line is not.',
    cure: 'Export everything in one encoding; set `encoding` in the mapping file if it is Windows-1252 throughout.',
  });
}

function columnsOf(header: string, dialect: Dialect): readonly string[] {
  const records = parse(header, { ...CSV_PARSE_OPTIONS, ...dialect }) as string[][];
  return records[0] ?? [];
}

const EMPTY = {
  cause: 'The file is empty: it has no header line and no record.',
  cure: 'Export again; if a day without records is right, export the header line alone.',
};

const TOO_LONG = {
  line: 1,
  cause: `The header line does not end within ${MAX_HEADER_BYTES} bytes.`,
  cure: 'Export with a header line of column names and a line end (LF or CRLF) after each record.',
};

function rejected(code: string, reason: Omit<Reason, 'code'>): ExportRejectedError {
  return new ExportRejectedError({ code, ...reason });
}
