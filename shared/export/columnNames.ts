import { ExportRejectedError, type Reason } from '../errors.ts';

/** More columns than any audit export has; each one costs the split and every record something. */
export const MAX_COLUMNS = 1_000;

/** Line ends of other systems (VT, FF, NEL, LS, PS), and what else no name holds; a tab may stand where it is no delimiter. */
const BREAK = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}]/u;
/** Byte 0x85 in Windows-1252. In Latin-1, which looks the same, it is NEL. */
const ELLIPSIS = '…';

/** A day in any of the usual forms, or an address, wherever it stands. */
const VALUE =
  /(?<!\d)(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}-\p{L}{3}-\d{4}|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T?\d{4}(?:\d\d)?)?)(?!\d)|[^\s@]@[^\s@]+\.[^\s@.]{2}/u;

export type ColumnNameOptions = {
  /** Whether schema or mapping file know a column by this name. */
  readonly isKnown: (name: string) => boolean;
  /** Whether the names were read as Windows-1252. */
  readonly windows1252: boolean;
};

/**
 * Refuse a header that records have got into: where a line end is missing, or is none to us, the first line holds values, which must
 * neither be kept nor be taken for names. A reason tells columns by their numbers.
 * @throws {ExportRejectedError} TOO_MANY_COLUMNS, LONE_CR, BREAK_IN_HEADER, NO_HEADER
 */
export function refuseOtherThanNames(
  names: readonly string[],
  { isKnown, windows1252 }: ColumnNameOptions,
): void {
  if (names.length > MAX_COLUMNS) throw new ExportRejectedError(tooManyColumns(names.length));
  if (names.some((name) => /\r(?!\n)/.test(name))) throw new ExportRejectedError(LONE_CR);
  const broken = names.findIndex((name) => BREAK.test(name) || (windows1252 && name.includes(ELLIPSIS)));
  if (broken !== -1) throw new ExportRejectedError(breakInHeader(broken + 1));
  const value = names.findIndex((name) => VALUE.test(name) && !isKnown(name));
  if (value !== -1) throw new ExportRejectedError(looksLikeRecord(value + 1));
}

/** Lines end as on old Macs. */
export const LONE_CR: Reason = {
  code: 'LONE_CR',
  line: 1,
  cause: 'Lines end in a carriage return alone, as on old Macs, so no record can be told from the next.',
  cure: 'Export with LF or CRLF line ends.',
};

const tooManyColumns = (columns: number): Reason => ({
  code: 'TOO_MANY_COLUMNS',
  line: 1,
  cause: `The header line names ${columns} columns, more than ${MAX_COLUMNS}.`,
  cure: 'Export with a line end (LF or CRLF) after the header and each record, and with the columns that the connector knows.',
});

const breakInHeader = (column: number): Reason => ({
  code: 'BREAK_IN_HEADER',
  line: 1,
  cause: `The name of column ${column} holds a line break or another control character, so the header may have run into a record.`,
  cure: 'Export with LF or CRLF after the header and each record, close every quote, and give columns names of one line.',
});

const looksLikeRecord = (column: number): Reason => ({
  code: 'NO_HEADER',
  line: 1,
  cause: `The first line holds a date or an address where the name of column ${column} should be: is the header line missing, or the line end behind it?`,
  cure: 'Export with a header line of column names, and a line end (LF or CRLF) after it and after each record.',
});
