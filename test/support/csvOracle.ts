import { CsvError, parse } from 'csv-parse/sync';
import type { Dialect } from '../../shared/export/types.ts';

const LF = 0x0a;
const CR = 0x0d;

/** A field as csv-parse read it: its value (one character a byte) and where it lies, quotes included. */
export type OracleField = { readonly value: string; readonly start: number; readonly end: number };

export type OracleRecord = {
  readonly start: number;
  /** After the line end, if it has one. */
  readonly end: number;
  /** Physical line, the first being 1. */
  readonly line: number;
  readonly fields: readonly OracleField[];
};

/** What csv-parse makes of some bytes, plus the rule for a quote never closed. */
export type Oracle = {
  readonly records: readonly OracleRecord[];
  /** Line on which the first quote opens that is never closed. */
  readonly neverClosed: number | undefined;
};

/** Read `bytes` with csv-parse: it alone says what records and fields are; positions are the ones it reports. */
export function readWithCsvParse(bytes: Buffer, { delimiter, quote }: Dialect): Oracle {
  const records: OracleRecord[] = [];
  let fields: OracleField[] = [];
  let neverClosed: number | undefined;
  let at = skipBlankLines(bytes, 0);
  let recordStart = at;
  const lineOf = (offset: number): number => 1 + count(bytes, LF, offset);

  const onField = (value: string, { bytes: end, quoting }: { bytes: number; quoting: boolean }): string => {
    const raw = bytes.toString('latin1', at, end);
    const proper = raw === `"${value.replaceAll('"', '""')}"`;
    if (quoting && !proper && value.includes('\n')) neverClosed ??= lineOf(at);
    fields.push({ value, start: at, end });
    at = end + 1;
    return value;
  };
  const onRecord = (_: unknown, { bytes: end }: { bytes: number }): null => {
    records.push({ start: recordStart, end, line: lineOf(recordStart), fields });
    fields = [];
    at = skipBlankLines(bytes, end);
    recordStart = at;
    return null;
  };
  try {
    parse(bytes, {
      delimiter,
      quote,
      encoding: 'latin1',
      record_delimiter: ['\r\n', '\n'],
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      cast: onField,
      on_record: onRecord,
    });
  } catch (error) {
    if (!(error instanceof CsvError) || error.code !== 'CSV_QUOTE_NOT_CLOSED') throw error;
    neverClosed ??= lineOf(at);
  }
  return { records, neverClosed };
}

function skipBlankLines(bytes: Buffer, from: number): number {
  for (let at = from; ;) {
    if (bytes[at] === LF) at += 1;
    else if (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
    else return at;
  }
}

function count(bytes: Buffer, byte: number, end: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte); at !== -1 && at < end; at = bytes.indexOf(byte, at + 1)) found++;
  return found;
}
