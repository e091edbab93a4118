import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecordValidator } from '../../../shared/schema/validator.ts';
import { aPlan, COMMA, judge } from '../../support/judging.ts';

const COLUMNS = ['Creation Time', 'Event Name', 'Patient First Name', 'Patient Last Name', 'Patient Address Line 1', 'Patient City',
  'Patient Zip Code', 'Restricted Access Reason', 'Email Address (UPN)', 'SamAccountName', 'own column']; // prettier-ignore
const GOOD: Record<string, string> = {
  'Creation Time': '2026-11-20T08:15:00Z',
  'Event Name': 'View',
  'Patient First Name': 'Ann',
  'Patient Last Name': 'Doe',
  'Patient Address Line 1': '1 Main St',
  'Patient City': 'Springfield',
  'Patient Zip Code': '12345',
  'Restricted Access Reason': 'treatment',
  'Email Address (UPN)': 'ann@example.org',
  SamAccountName: 'adoe',
  'own column': '',
};
const record = (values: Record<string, string> = {}): string =>
  COLUMNS.map((column) => values[column] ?? GOOD[column]).join(',');
const plan = aPlan(COLUMNS);

describe('RecordValidator', () => {
  test('finds nothing wrong with a good record, however it ends', () => {
    for (const end of ['', '\n', '\r\n']) assert.deepEqual(judge(plan, record() + end), []);
  });

  for (const [what, values, findings] of [
    ['a quote inside an unquoted field is data', { 'Patient City': 'Fort "X"' }, []],
    [
      'doubled quotes, delimiters and line breaks inside quotes are data',
      { 'Patient City': '"a ""b"", c\r\nd\re"' },
      [],
    ],
    ['a tab is no control character', { 'Patient City': 'a\tb' }, []],
    [
      'blanks around a value are overlooked',
      { 'Creation Time': ' 2026-11-20 ', 'Email Address (UPN)': ' a@b ' },
      [],
    ],
    ['blanks alone are no value', { 'Patient City': '   ' }, ['refuse MISSING_VALUE Patient City']],
    ['an empty quoted field is no value', { 'Patient City': '""' }, ['refuse MISSING_VALUE Patient City']],
    [
      'an ordinary access has no reason to give',
      { 'Restricted Access Reason': '' },
      ['warn MISSING_VALUE Restricted Access Reason'],
    ],
    ['one of the two accounts is enough', { 'Email Address (UPN)': '' }, []],
    ['the other one, too', { SamAccountName: '' }, []],
    ['valid UTF-8 is fine', { 'Patient City': Buffer.from('Zürich 漢 😀').toString('latin1') }, []],
    ['a sequence cut short is not', { 'Patient City': 'Z\xc3' }, ['refuse INVALID_UTF8 Patient City']],
    ['a surrogate half is not', { 'Patient City': '\xed\xa0\x80' }, ['refuse INVALID_UTF8 Patient City']],
    ['NUL is named where it stands', { 'own column': 'a\0b' }, ['refuse CONTROL_CHARACTER']],
    [
      'escape and delete are control characters',
      { 'Patient City': '\x1b', SamAccountName: '\x7f' },
      ['refuse CONTROL_CHARACTER Patient City', 'refuse CONTROL_CHARACTER SamAccountName'],
    ],
    [
      'control characters count inside quotes',
      { 'Patient City': '"a\x01"' },
      ['refuse CONTROL_CHARACTER Patient City'],
    ],
    ['a lone CR outside quotes', { 'Patient City': 'a\rb' }, ['refuse LONE_CR Patient City']],
    ['text after a closing quote', { 'Patient City': '"a"b' }, ['refuse STRAY_QUOTE Patient City']],
    [
      'all faults are found at once',
      { 'Creation Time': 'x', 'Patient City': '', 'Email Address (UPN)': 'x' },
      [
        'refuse BAD_TIME Creation Time',
        'refuse MISSING_VALUE Patient City',
        'refuse BAD_EMAIL Email Address (UPN)',
      ],
    ],
    ['a value of the greatest length', { SamAccountName: 'x'.repeat(1024) }, []],
    ['and one byte more', { SamAccountName: 'x'.repeat(1025) }, ['refuse TOO_LONG SamAccountName']],
    ['a field too many', { 'own column': 'a,b' }, ['refuse COLUMN_COUNT']],
    [
      'no account is told of the record',
      { 'Email Address (UPN)': ' ', SamAccountName: '""' },
      ['refuse NO_ACCOUNT'],
    ],
    [
      'a time more than a day after the arrival',
      { 'Creation Time': '2026-11-22T06:00:01Z' },
      ['refuse BAD_TIME Creation Time'],
    ],
    ['a time a day after the arrival', { 'Creation Time': '2026-11-22T06:00:00Z' }, []],
    ['a time before 1990', { 'Creation Time': '1989-12-31' }, ['refuse BAD_TIME Creation Time']],
  ] as const satisfies readonly (readonly [string, Record<string, string>, readonly string[]])[])
    // prettier-ignore
    test(what, () => assert.deepEqual(judge(plan, record(values)), findings));

  test('the last CR of \\r\\r\\n is a lone one', () => {
    assert.deepEqual(judge(plan, `${record()}\r\r\n`), ['refuse LONE_CR']);
  });

  test('levels hold per field', () => {
    const lenient = aPlan(COLUMNS, {
      levels: { BAD_TIME: { 'Creation Time': 'warn' }, BAD_EMAIL: 'off', COLUMN_COUNT: 'warn' },
      emptyValue: { 'Patient City': 'off', 'Restricted Access Reason': 'refuse' },
    });
    const values = {
      'Creation Time': 'x',
      'Email Address (UPN)': 'x',
      'Patient City': '',
      'Restricted Access Reason': '',
    };
    assert.deepEqual(judge(lenient, record(values)), [
      'warn BAD_TIME Creation Time',
      'refuse MISSING_VALUE Restricted Access Reason',
    ]);
    assert.deepEqual(judge(lenient, 'too,short').slice(0, 2), [
      'warn COLUMN_COUNT',
      'warn BAD_TIME Creation Time',
    ]);
  });

  test('Windows-1252 is not judged as UTF-8', () => {
    assert.deepEqual(judge({ ...plan, checkUtf8: false }, record({ 'Patient City': 'M\xfcnchen' })), []);
  });

  test('without quoting a quote is data', () => {
    const tabs = { delimiter: '\t', quote: null } as const;
    const tabbed = record({ 'Patient City': '"Fort" X' }).replaceAll(',', '\t');
    assert.deepEqual(judge(plan, tabbed, tabs), []);
  });

  test('counts findings over records, oversize ones included', () => {
    const validator = new RecordValidator(plan, COMMA);
    const check = (text: string): boolean => validator.check(Buffer.from(text), 0, Buffer.byteLength(text));
    assert.equal(check(record({ 'Patient City': '', 'Restricted Access Reason': '' })), false);
    assert.equal(check(record({ 'Restricted Access Reason': '' })), true);
    assert.equal(validator.refuseOversize(), false);
    assert.deepEqual(validator.findings, [{ code: 'RECORD_TOO_LONG', level: 'refuse' }]);
    assert.deepEqual(validator.counts, {
      refusals: { 'MISSING_VALUE Patient City': 1, RECORD_TOO_LONG: 1 },
      warnings: { 'MISSING_VALUE Restricted Access Reason': 2 },
    });
  });

  test('says of each record what is wrong with it, and nothing of the one before', () => {
    const validator = new RecordValidator(plan, COMMA);
    const check = (text: string): boolean =>
      validator.check(Buffer.from(text, 'latin1'), 0, Buffer.byteLength(text, 'latin1'));
    const codes = (): string[] =>
      validator.findings.map(({ code, field }) => `${code} ${field ?? ''}`.trim());
    assert.equal(check(record({ 'Patient City': 'a\x01', 'Event Name': '' })), false);
    assert.deepEqual(codes(), ['CONTROL_CHARACTER Patient City', 'MISSING_VALUE Event Name']);
    assert.equal(check(record()), true);
    assert.deepEqual(codes(), []);
    assert.equal(check('a,b'), false);
    assert.deepEqual(codes(), ['COLUMN_COUNT']);
    assert.equal(check(record()), true);
    assert.equal(validator.refuseOversize(), false);
    assert.equal(check(record()), true);
    assert.deepEqual([codes(), validator.counts.warnings], [[], {}]);
  });

  test('a record stands alone in its buffer, whatever stands around it', () => {
    const validator = new RecordValidator(plan, COMMA);
    const text = record();
    const around = Buffer.from(`\x01"\xff${text}\x01"\xff`, 'latin1');
    assert.equal(validator.check(around, 3, 3 + text.length), true);
    assert.deepEqual(validator.findings, []);
  });

  test('a short record that may go out lacks the values of the columns that are not there, and no more', () => {
    const lenient = aPlan(COLUMNS, { levels: { COLUMN_COUNT: 'warn' } });
    const short = COLUMNS.slice(0, 9).map((column) => GOOD[column]).join(','); // prettier-ignore
    assert.deepEqual(judge(lenient, short), ['warn COLUMN_COUNT']);
    assert.deepEqual(
      judge(
        lenient,
        COLUMNS.slice(0, 7)
          .map((column) => GOOD[column])
          .join(','),
      ),
      [
        // prettier-ignore
        'warn COLUMN_COUNT',
        'warn MISSING_VALUE Restricted Access Reason',
        'refuse NO_ACCOUNT',
      ],
    );
    // What a field too many holds belongs to no column.
    assert.deepEqual(judge(lenient, `${record()},a\x01`), ['warn COLUMN_COUNT']);
    // What a record before it had there is forgotten.
    const validator = new RecordValidator(lenient, COMMA);
    const bytes = Buffer.from(record({ 'own column': 'a\x01' }));
    validator.check(bytes, 0, bytes.length);
    assert.equal(validator.check(Buffer.from(short), 0, short.length), true);
    assert.deepEqual(validator.findings, [{ code: 'COLUMN_COUNT', level: 'warn' }]);
  });

  test('blanks in front of a value do not make it longer, and those behind do not spoil its format', () => {
    assert.deepEqual(judge(plan, record({ SamAccountName: ` ${'x'.repeat(1024)}` })), []);
    assert.deepEqual(judge(plan, record({ 'Creation Time': '  2026-11-20   ' })), []);
    assert.deepEqual(judge(plan, record({ 'Email Address (UPN)': '  a@b   ' })), []);
    assert.deepEqual(judge(plan, record({ 'Email Address (UPN)': '  a b   ' })), [
      'refuse BAD_EMAIL Email Address (UPN)',
    ]);
    assert.deepEqual(judge(plan, record({ 'Patient City': ' a ' })), []);
  });

  test('each kind of fault is found in a column that no field is mapped to, and named by no field', () => {
    const cases: [value: string, finding: string][] = [
      ['"a"b', 'refuse STRAY_QUOTE'],
      ['a\x1fb', 'refuse CONTROL_CHARACTER'],
      ['a\rb', 'refuse LONE_CR'],
      ['Z\xc3', 'refuse INVALID_UTF8'],
    ];
    for (const [value, finding] of cases)
      assert.deepEqual(judge(plan, record({ 'own column': value })), [finding]);
  });

  test('a stray quote leaves doubt about line ends, quotes around a value do not', () => {
    assert.deepEqual(judge(plan, record({ 'Patient City': '"a\r"b' })), [
      'refuse STRAY_QUOTE Patient City',
      'refuse LONE_CR Patient City',
    ]);
    assert.deepEqual(judge(plan, record({ 'Patient City': '"a\rb"' })), []);
  });

  test('bytes that are no text are found beside good ones, each where it stands', () => {
    const city = Buffer.from('Zürich').toString('latin1');
    assert.deepEqual(judge(plan, record({ 'Patient City': city, 'Patient Last Name': 'M\xfcller' })), [
      'refuse INVALID_UTF8 Patient Last Name',
    ]);
    assert.deepEqual(judge(plan, record({ 'Patient City': city, 'Patient Last Name': 'a\x01' })), [
      'refuse CONTROL_CHARACTER Patient Last Name',
    ]);
  });
});
