import { parse } from 'csv-parse/sync';
import { inferSchema, initParser } from 'udsv';

const QUOTE = 0x22;
const LF = 0x0a;

/** How many line ends there are, by native search: what any look at every byte costs at least. */
export function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) lines++;
  return lines;
}

/** How many records there are: line ends outside quotes, found a byte at a time. */
export function countRecords(bytes: Uint8Array): number {
  let records = 0;
  let quoted = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === LF && !quoted) records++;
  }
  return records;
}

/** csv-parse as the judge of what a record is: arrays of strings. */
export function parseWithCsvParse(bytes: Buffer): number {
  return (
    parse(bytes, {
      record_delimiter: ['\r\n', '\n'],
      relax_quotes: true,
      skip_empty_lines: true,
    }) as unknown[]
  ).length;
}

/** udsv, the fastest parser in JavaScript that makes strings. */
export function parseWithUdsv(bytes: Buffer): number {
  const text = bytes.toString('utf8');
  return initParser(inferSchema(text)).stringArrs(text).length;
}
