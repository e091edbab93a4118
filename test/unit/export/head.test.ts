import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExportRejectedError } from '../../../shared/errors.ts';
import { type Head, type HeadOptions, readHead } from '../../../shared/export/head.ts';

function head(name: string, content: string | Buffer, options: Partial<HeadOptions> = {}): Head {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
  return readHead(bytes, name, { totalBytes: bytes.length, ...options });
}

function code(name: string, content: string | Buffer, options: Partial<HeadOptions> = {}): string {
  try {
    head(name, content, options);
  } catch (error) {
    assert.ok(error instanceof ExportRejectedError);
    assert.ok(!error.message.includes('SECRET'), 'an error must not show what was read');
    return error.reason.code;
  }
  return 'accepted';
}

test('byte order mark and blank lines before the header are passed over', () => {
  assert.deepEqual(head('x.csv', '\ufeff\r\n\n"User Name",Time\r\n1,2\r\n'), {
    encoding: 'utf-8',
    bomBytes: 3,
    dialect: { delimiter: ',', quote: '"' },
    header: { start: 6, end: 24, text: '"User Name",Time\r\n', columns: ['User Name', 'Time'] },
    firstLine: 4,
  });
});

test('a header without records or line end', () => {
  assert.deepEqual(head('x.csv', 'a,b').header, { start: 0, end: 3, text: 'a,b', columns: ['a', 'b'] });
});

const DELIMITERS: [name: string, content: string, delimiter: string][] = [
  ['x.csv', 'a,b\n1,2\n', ','],
  ['x.CSV', 'a,b\n1,2\n', ','],
  ['x.csv', 'a;b;c\n1,5;2,5;3\n', ';'],
  ['x.csv', 'Name, first;b;c\n1;2;3\n', ';'],
  ['x.csv', 'a,b,"c|d|e|f"\n1,2,x|y|z|w\n', ','],
  ['x.psv', 'a|b\n1|2\n', '|'],
  ['x.Tsv', 'a\tb\n1\t2\n', '\t'],
  ['x.txt', 'a|b\n1|2\n', '|'],
  ['x.txt', 'Zip, City;Name, first;c\n1;2;3\n', ';'],
  ['x', 'a\tb\n1,5\t2,5\n', '\t'],
  ['x.dat', 'a,b,c\n"1|2",3|4,5\n', ','],
];
for (const [name, content, delimiter] of DELIMITERS) {
  test(`the delimiter of ${name} beginning ${JSON.stringify(content.split('\n')[0])} is ${JSON.stringify(delimiter)}`, () => {
    assert.equal(head(name, content).dialect.delimiter, delimiter);
  });
}

test('column names that the schema knows outweigh everything else', () => {
  const isKnown = (column: string) => column === 'User';
  const content = 'User|a,b,c\n1|2,3,4\n';
  assert.equal(head('x.txt', content).dialect.delimiter, ',');
  assert.equal(head('x.txt', content, { isKnown }).dialect.delimiter, '|');
});

test('delimiter and quoting can be set by hand', () => {
  const dialect = head('x.csv', 'a|b\n"1|2\n', { delimiter: '|', quoting: 'none' }).dialect;
  assert.deepEqual(dialect, { delimiter: '|', quote: null });
  assert.equal(head('x.tsv', 'a\tb\n"1\t2\n', { quoting: 'double' }).dialect.quote, '"');
});

const QUOTING: [content: string, quote: string | null][] = [
  ['a\tb\n1\t2\n', '"'],
  ['a\tb\n"1"\t2\n', '"'],
  ['a\tb\n"1\t2"\tx\n', '"'],
  ['a\tb\n"line\none"\t2\n', '"'],
  ['a\tb\n5" tube\t2\n', '"'],
  ['a\tb\n"Bob" Smith\t2\n', null],
  ['a\tb\n"1\t2\n3\t4\n', null],
  ['a\tb\n"1\t2\n"3\t4\n', null],
];
for (const [content, quote] of QUOTING) {
  test(`a tab file with ${JSON.stringify(content.slice(4))} is read with ${quote === null ? 'no quoting' : 'quotes'}`, () => {
    assert.equal(head('x.tsv', content).dialect.quote, quote);
  });
}

test('the header is read in the encoding that its bytes or the caller say', () => {
  const latin = Buffer.from('Gr\xf6\xdfe,b\n', 'latin1');
  assert.deepEqual(head('x.csv', latin).header.columns, ['Größe', 'b']);
  assert.deepEqual(head('x.csv', 'Größe,b\n').header.columns, ['Größe', 'b']);
  assert.deepEqual(head('x.csv', 'Größe,b\n', { encoding: 'windows-1252' }).header.columns, ['GrÃ¶ÃŸe', 'b']);
  assert.equal(code('x.csv', latin, { encoding: 'utf-8' }), 'INVALID_UTF8');
});

const REFUSED: [
  why: string,
  name: string,
  content: string | Buffer,
  code: string,
  options?: Partial<HeadOptions>,
][] = [
  ['nothing', 'x.csv', '', 'EMPTY_FILE'],
  ['a byte order mark alone', 'x.csv', '\ufeff', 'EMPTY_FILE'],
  ['blank lines', 'x.csv', '\r\n\n', 'EMPTY_FILE'],
  ['one column', 'x.csv', 'SECRET\n1\n', 'UNKNOWN_DELIMITER'],
  ['pipes under .csv', 'x.csv', 'SECRET|b\n1|2\n', 'DELIMITER_MISMATCH'],
  ['commas under .tsv', 'x.tsv', 'SECRET,b\n1,2\n', 'DELIMITER_MISMATCH'],
  ['semicolons under .psv', 'x.psv', 'SECRET;b\n1;2\n', 'DELIMITER_MISMATCH'],
  ['a header that does not end', 'x.csv', 'SECRET,b', 'HEADER_TOO_LONG', { totalBytes: 1000 }],
  ['a header longer than names can be', 'x.csv', `SECRET,${'b'.repeat(64 * 1024)}\n1,2\n`, 'HEADER_TOO_LONG'],
  ['a header of too many columns', 'x.csv', `SECRET${',b'.repeat(1_000)}\n1,2\n`, 'TOO_MANY_COLUMNS'],
  ['a header over several lines', 'x.csv', '"SECRET\nb",c\n1,2\n', 'BREAK_IN_HEADER'],
  ['NEL of Latin-1 as line end', 'x.csv', Buffer.from('SECRET,b\x851,2\x85', 'latin1'), 'BREAK_IN_HEADER'],
  ['a record where the header should be', 'x.csv', '2026-11-20,SECRET\n1,2\n', 'NO_HEADER'],
  ['a header with an open quote', 'x.csv', '"SECRET,b\n1,2\n', 'QUOTE_NEVER_CLOSED'],
  ['a header whose quote closes in a record', 'x.csv', '"SECRET,b\n1,"2"\n', 'QUOTE_NEVER_CLOSED'],
  ['CR alone as line end', 'x.csv', 'SECRET,b\r1,2\r', 'LONE_CR'],
  ['gzip', 'x.csv', Buffer.from('1f8b0800SECRET'.slice(0, 8), 'hex'), 'COMPRESSED_CONTENT'],
  ['an Excel workbook', 'x.csv', Buffer.from('504b030414000600', 'hex'), 'COMPRESSED_CONTENT'],
  ['an old Excel workbook', 'x.csv', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'BINARY_FILE'],
  ['NUL in the header', 'x.csv', 'SECRET\0,b\n1,2\n', 'BINARY_FILE'],
  [
    'noise',
    'x.bin',
    Buffer.from(Array.from({ length: 999 }, (_, i) => (i * i * 7 + 3) % 256)),
    'BINARY_FILE',
  ],
];
for (const [why, name, content, expected, options] of REFUSED) {
  test(`${why}: ${expected}`, () => {
    assert.equal(code(name, content, options), expected);
  });
}

test('a control character in a record is no reason to refuse the export', () => {
  assert.equal(code('x.csv', 'a,b\n1\0,2\n3,4\n'), 'accepted');
});
