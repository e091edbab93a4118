const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;

/** The delimiter of a header line, as a byte: the most frequent of those an export may have. */
export function delimiterOf(part: Buffer): number {
  const end = part.indexOf(LF);
  const header = part.subarray(0, end < 0 ? part.length : end).toString('latin1');
  const counts = [',', '|', '\t', ';'].map(
    (delimiter) => [header.split(delimiter).length, delimiter] as const,
  );
  return counts.toSorted(([a], [b]) => b - a)[0]?.[1].charCodeAt(0) ?? 0x2c;
}

/**
 * Count the records of a delimited text, the header among them, and tell where each lies (without its line end).
 * Aware of quotes: one at the start of a field opens it, a doubled one inside stands for itself. Blank lines are no records.
 * Tab-separated text is written without quoting too: there quotes are data unless each that opens a field closes it.
 * Jumps from quote to quote and from line end to line end instead of looking at each byte: it shares the processor with
 * the pipeline under test.
 */
export function scanRecords(part: Buffer, onRecord?: (start: number, end: number) => void): number {
  const delimiter = delimiterOf(part);
  let count = 0;
  let start = 0;
  let at = 0;
  let quote = delimiter === TAB && !closesEveryQuote(part, delimiter) ? -1 : part.indexOf(QUOTE);
  while (start < part.length) {
    const lf = part.indexOf(LF, at);
    const stop = lf < 0 ? part.length : lf;
    if (quote >= 0 && quote < at) quote = part.indexOf(QUOTE, at);
    if (quote >= 0 && quote < stop) {
      const before = part[quote - 1];
      const opens = quote === start || before === delimiter;
      at = opens ? closingQuote(part, quote + 1) + 1 : quote + 1;
      continue;
    }
    const end = part[stop - 1] === CR && stop > start ? stop - 1 : stop;
    if (end > start) {
      count += 1;
      onRecord?.(start, end);
    }
    start = at = stop + 1;
  }
  return count;
}

/** Where the field ends whose content begins at `from`; the end of the text when it is never closed. */
function closingQuote(part: Buffer, from: number): number {
  let at = part.indexOf(QUOTE, from);
  while (at >= 0 && part[at + 1] === QUOTE) at = part.indexOf(QUOTE, at + 2);
  return at < 0 ? part.length : at;
}

function closesEveryQuote(part: Buffer, delimiter: number): boolean {
  for (let at = part.indexOf(QUOTE); at >= 0; at = part.indexOf(QUOTE, at)) {
    const before = part[at - 1];
    if (before !== delimiter && before !== LF && before !== undefined) {
      at += 1;
      continue;
    }
    const end = closingQuote(part, at + 1) + 1;
    const behind = part[end];
    if (end > part.length || (behind !== undefined && behind !== delimiter && behind !== LF && behind !== CR))
      return false;
    at = end;
  }
  return true;
}
