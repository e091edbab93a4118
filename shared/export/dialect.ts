import { parse, type Options } from 'csv-parse/sync';
import { ExportRejectedError } from '../errors.ts';
import { extensionOf } from './fileName.ts';
import { FIELD, FieldTable, splitFields } from '../schema/fields.ts';
import { RecordScanner } from './scanner.ts';
import type { Dialect } from './types.ts';

export type Delimiter = Dialect['delimiter'];

/** What a mapping file forces, and what helps to choose where it is silent. */
export type DialectHints = {
  readonly delimiter?: Delimiter;
  readonly quoting?: 'double' | 'none';
  /** Whether schema or mapping file know a column by this name: the strongest sign of the right delimiter. */
  readonly isKnown?: (name: string) => boolean;
};

/** As csv-parse is asked everywhere: what a record is, is what it says with these. */
export const CSV_PARSE_OPTIONS: Options = {
  record_delimiter: ['\r\n', '\n'],
  relax_quotes: true,
  relax_column_count: true,
  skip_empty_lines: true,
};

const DELIMITERS: readonly Delimiter[] = [',', '|', '\t', ';'];
const EXPECTED: Readonly<Record<string, Delimiter>> = {
  '.csv': ',',
  '.psv': '|',
  '.tsv': '\t',
  '.tab': '\t',
};
const NAMES: Readonly<Record<Delimiter, string>> = {
  ',': 'commas',
  '|': 'pipes',
  '\t': 'tabs',
  ';': 'semicolons',
};

const SAMPLE_BYTES = 64 * 1024;
const SAMPLE_RECORDS = 200;

type Candidate = {
  readonly dialect: Dialect;
  readonly columns: number;
  readonly recognised: number;
  /** No column name holds a quote, as it does when a quoted name is cut in two. */
  readonly clean: boolean;
  /** Columns of the header, weighed by the share of records that have as many. */
  readonly fit: number;
};

/**
 * How the fields of an export are told apart. The extension says what to expect, and header and first records must bear it out;
 * a `.csv` may have semicolons, as Excel writes it in much of Europe. With another extension or none the content decides.
 *
 * @param text the first bytes of the export from its header on, without byte order mark
 * @param complete whether they are all of it
 * @throws {ExportRejectedError} UNKNOWN_DELIMITER, DELIMITER_MISMATCH
 */
export function detectDialect(
  text: Uint8Array,
  complete: boolean,
  name: string,
  hints: DialectHints = {},
): Dialect {
  const sample = text.subarray(0, SAMPLE_BYTES);
  const cut = !complete || sample.length < text.length;
  if (hints.delimiter !== undefined) return dialectOf(sample, hints.delimiter, hints);

  const extension = extensionOf(name);
  const expected = EXPECTED[extension];
  const best = DELIMITERS.map((delimiter) => judge(sample, cut, delimiter, hints))
    .filter(({ columns }) => columns > 1)
    .sort(
      (a, b) =>
        b.recognised - a.recognised ||
        Number(b.clean) - Number(a.clean) ||
        b.fit - a.fit ||
        Number(b.dialect.delimiter === expected) - Number(a.dialect.delimiter === expected),
    )[0];
  if (best === undefined) {
    for (const delimiter of expected === undefined ? DELIMITERS : [expected])
      refuseOpenQuote(sample, delimiter);
    throw unknownDelimiter();
  }
  const found = best.dialect.delimiter;
  const excel = expected === ',' && found === ';';
  if (expected !== undefined && found !== expected && !excel) throw mismatch(extension, expected, found);
  return best.dialect;
}

function dialectOf(sample: Uint8Array, delimiter: Delimiter, { quoting }: DialectHints): Dialect {
  const none = quoting === undefined ? usesNoQuotes(sample, delimiter) : quoting === 'none';
  return { delimiter, quote: none ? null : '"' };
}

function judge(sample: Uint8Array, cut: boolean, delimiter: Delimiter, hints: DialectHints): Candidate {
  const dialect = dialectOf(sample, delimiter, hints);
  const records = sampleRecords(sample, cut, dialect, SAMPLE_RECORDS);
  const header = records[0] ?? [];
  const like = records.filter((record) => record.length === header.length).length;
  return {
    dialect,
    columns: header.length,
    recognised: hints.isKnown === undefined ? 0 : header.filter(hints.isKnown).length,
    clean: header.every((column) => !column.includes('"')),
    fit: (header.length * like) / Math.max(1, records.length),
  };
}

/** The first `most` whole records of a sample, by csv-parse; when the sample was cut, one that may go on behind it is left out. */
export function sampleRecords(sample: Uint8Array, cut: boolean, dialect: Dialect, most: number): string[][] {
  const records: string[][] = [];
  try {
    parse(Buffer.from(sample), {
      ...CSV_PARSE_OPTIONS,
      ...dialect,
      to: most,
      on_record: (record: string[]) => {
        records.push(record);
        return null;
      },
    });
    if (cut && records.length > 1 && records.length < most) records.pop();
  } catch {
    // A quote is open at the end of the sample: what came before it is sample enough.
  }
  return records;
}

/**
 * Whether quotes are data. Only tab files are written without quoting, and only what looks quoted and is not gives it away: fields that
 * open with a quote, none of which closes before a delimiter or a line end.
 */
function usesNoQuotes(sample: Uint8Array, delimiter: Delimiter): boolean {
  if (delimiter !== '\t') return false;
  const dialect: Dialect = { delimiter, quote: '"' };
  const scanner = new RecordScanner(dialect, 1);
  const fields = new FieldTable(1024);
  let start = 0;
  let strays = 0;
  scanner.feed(sample);
  try {
    for (let end = scanner.next(); end !== -1; end = scanner.next()) {
      const count = Math.min(splitFields(sample, start, end, dialect, fields), fields.capacity);
      start = end;
      for (let i = 0; i < count; i++) {
        if ((fields.flags[i]! & FIELD.quoted) === 0) continue;
        if ((fields.flags[i]! & FIELD.stray) === 0) return false;
        strays++;
      }
    }
    scanner.end();
  } catch {
    strays++;
  }
  return strays > 0;
}

/** An open quote hides the delimiters behind it. @throws {ExportRejectedError} QUOTE_NEVER_CLOSED when it stands in the first record */
function refuseOpenQuote(sample: Uint8Array, delimiter: Delimiter): void {
  const scanner = new RecordScanner({ delimiter, quote: '"' }, 1);
  scanner.feed(sample);
  if (scanner.next() === -1) scanner.end();
}

function unknownDelimiter(): ExportRejectedError {
  return new ExportRejectedError({
    code: 'UNKNOWN_DELIMITER',
    line: 1,
    cause: 'The first line holds no comma, pipe, tab or semicolon that separates column names.',
    cure: 'Export with a header line and one of these delimiters, or set `delimiter` in the mapping file.',
  });
}

function mismatch(extension: string, expected: Delimiter, found: Delimiter): ExportRejectedError {
  return new ExportRejectedError({
    code: 'DELIMITER_MISMATCH',
    line: 1,
    cause: `The name ends in ${extension}, which promises ${NAMES[expected]}, but the columns are separated by ${NAMES[found]}.`,
    cure: 'Name the file .csv, .psv or .tsv after its delimiter, or set `delimiter` in the mapping file.',
  });
}
