/** A case that CSV readers are known to disagree on, and what ours must make of it. */
export type CsvCase = {
  readonly name: string;
  readonly text: string;
  /** @default ',' */
  readonly delimiter?: ',' | '|' | '\t' | ';';
  /** No quoting at all. */
  readonly unquoted?: true;
} & (
  | { readonly records: readonly (readonly string[])[] }
  /** The line on which the quote opens that is never closed. */
  | { readonly neverClosed: number }
);

/** Edge cases of CSV, gathered from what RFC 4180 says, leaves open or did not foresee. */
// prettier-ignore
export const CSV_CORPUS: readonly CsvCase[] = [
  { name: 'nothing', text: '', records: [] },
  { name: 'one field, no line end', text: 'a', records: [['a']] },
  { name: 'LF', text: 'a,b\nc,d\n', records: [['a', 'b'], ['c', 'd']] },
  { name: 'CRLF', text: 'a,b\r\nc,d\r\n', records: [['a', 'b'], ['c', 'd']] },
  { name: 'CRLF and LF mixed', text: 'a\r\nb\nc\r\n', records: [['a'], ['b'], ['c']] },
  { name: 'lone CR is data', text: 'a\rb,c\n', records: [['a\rb', 'c']] },
  { name: 'CR before CRLF is data', text: 'a\r\r\nb', records: [['a\r'], ['b']] },
  { name: 'CR at the end is data', text: 'a\r', records: [['a\r']] },
  { name: 'CR alone is a record', text: '\r', records: [['\r']] },
  { name: 'LFCR', text: 'a\n\rb\n\r', records: [['a'], ['\rb'], ['\r']] },
  { name: 'blank lines', text: '\n\na\n\r\n\nb\n\n', records: [['a'], ['b']] },
  { name: 'a line of blanks is a record', text: 'a\n  \nb', records: [['a'], ['  '], ['b']] },
  { name: 'an empty quoted field is a record', text: 'a\n""\nb', records: [['a'], [''], ['b']] },
  { name: 'an empty quoted field at the end', text: 'a\n""', records: [['a'], ['']] },
  { name: 'empty fields', text: ',\n,,\n', records: [['', ''], ['', '', '']] },
  { name: 'delimiter at the end', text: 'a,', records: [['a', '']] },
  { name: 'ragged', text: 'a,b\nc\nd,e,f\n', records: [['a', 'b'], ['c'], ['d', 'e', 'f']] },
  { name: 'blanks are kept', text: ' a , b \n', records: [[' a ', ' b ']] },
  { name: 'quoted delimiter', text: '"a,b",c\n', records: [['a,b', 'c']] },
  { name: 'quoted line ends', text: '"a\nb\r\nc\rd",e\nf,g', records: [['a\nb\r\nc\rd', 'e'], ['f', 'g']] },
  { name: 'doubled quotes', text: '"a""b","""",""""""\n', records: [['a"b', '"', '""']] },
  { name: 'all quotes, then a line end inside', text: '"""\n""",x\n', records: [['"\n"', 'x']] },
  { name: 'quote inside an unquoted field', text: '5" tube,a"b"c,d"\n', records: [['5" tube', 'a"b"c', 'd"']] },
  { name: 'blank before a quote makes it data', text: ' "a",b\n', records: [[' "a"', 'b']] },
  { name: 'blank after a closing quote', text: '"a" ,b\n', records: [['"a" ', 'b']] },
  { name: 'text after a closing quote', text: '"a"b,c\n', records: [['"a"b', 'c']] },
  { name: 'text after a closing quote, with a pair before', text: '"a""b"c"d,e\n', records: [['"a"b"c"d', 'e']] },
  { name: 'delimiter swallowed before a stray quote', text: '"a,b"c,d\n', records: [['"a,b"c', 'd']] },
  { name: 'CR after a closing quote', text: '"a"\rb,c\n', records: [['"a"\rb', 'c']] },
  { name: 'NUL after a closing quote', text: '"a"\0b,c\n', records: [['a\0b', 'c']] },
  { name: 'NUL inside', text: 'a\0b,\0\n', records: [['a\0b', '\0']] },
  { name: 'quote at the very end', text: 'a,"', neverClosed: 1 },
  { name: 'never closed', text: 'a,b\nc,"d\ne,f\n', neverClosed: 2 },
  { name: 'never closed on one line', text: 'a\n"b,c', neverClosed: 2 },
  { name: 'three quotes', text: 'a\n"""\n', neverClosed: 2 },
  { name: 'a later quote seems to close it', text: 'a,"b\nc,"d",e\n', neverClosed: 1 },
  { name: 'blank after a closing quote of several lines', text: 'x\n"a\nb" ,c\n', neverClosed: 2 },
  { name: 'CR after a closing quote of several lines', text: '"a\nb"\r', neverClosed: 1 },
  { name: 'never closed after a good one of several lines', text: '"a\nb",c\nd,"e\n', neverClosed: 3 },
  { name: 'pipes', text: 'a|"b|c"|d,e\n', delimiter: '|', records: [['a', 'b|c', 'd,e']] },
  { name: 'tabs', text: 'a\t"b\tc"\td e\n', delimiter: '\t', records: [['a', 'b\tc', 'd e']] },
  { name: 'semicolons, decimal commas', text: '1,5;"a;b";c\n', delimiter: ';', records: [['1,5', 'a;b', 'c']] },
  { name: 'no quoting', text: '"a\t3" tube\t"\n"b\n', delimiter: '\t', unquoted: true, records: [['"a', '3" tube', '"'], ['"b']] },
  { name: 'multi-byte characters', text: 'é,"日本\n語",🩺\n', records: [['é', '日本\n語', '🩺']] },
  { name: 'a byte order mark inside is data', text: 'a\n\ufeff"b",c\n', records: [['a'], ['\ufeff"b"', 'c']] },
  { name: 'formulas', text: '=1+1,+1,-1,@a\n', records: [['=1+1', '+1', '-1', '@a']] },
  { name: 'backslash escapes nothing', text: '"a\\",b\n', records: [['a\\', 'b']] },
  { name: 'single quotes are data', text: "'a,b'\n", records: [["'a", "b'"]] },
  { name: 'comment signs are data', text: '# a\nb\n', records: [['# a'], ['b']] },
];
