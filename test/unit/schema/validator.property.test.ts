import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { aPlan, ARRIVED_AT, judge } from '../../support/judging.ts';

const COLUMNS = ['Patient City', 'Creation Time', 'Event Name', 'Email Address (UPN)', 'Patient First Name', 'Patient Last Name',
  'Patient Address Line 1', 'Patient Zip Code', 'Restricted Access Reason', 'SamAccountName', 'else']; // prettier-ignore
const plan = aPlan(COLUMNS, { timeFormats: ['YYYY-MM-DDTHH:mm:ssZ'] });
const mandatory = new Map(plan.fields.map(({ field, column, empty }) => [column, { field, empty }]));

/** C0 and delete, without tab and line ends; `\p{Cc}` has C1, too, which are no faults here. */
const CONTROL = /[^\P{Cc}\t\r\n\u0080-\u009F]/u;
const LABEL = '[^\\s@"(),:;<>\\[\\]\\\\\\p{Cc}.]+';
const EMAIL = new RegExp(`^(?:${LABEL}|\\.)+@${LABEL}(?:\\.${LABEL})*$`, 'u');

/** The rules once more, on strings that csv-parse made: slow and plain. Each character is a byte. */
function judgeNaively(pieces: readonly string[]): string[] {
  const raw = pieces.flatMap((piece) => (piece.startsWith('"') ? [piece] : piece.split(',')));
  const line = raw.join(',');
  const [values = []] = parse(line, {
    record_delimiter: ['\r\n', '\n'],
    relax_quotes: true,
    relax_column_count: true,
  });
  if (values.length !== COLUMNS.length) return ['refuse COLUMN_COUNT'];
  const found: string[] = [];
  values.forEach((value: string, i: number) => {
    const add = (level: string, code: string): void => {
      const field = mandatory.get(i)?.field;
      found.push(field === undefined ? `${level} ${code}` : `${level} ${code} ${field}`);
    };
    const quoted = /^"(?:[^"]|"")*"$/.test(raw[i]!);
    if (raw[i]!.startsWith('"') && !quoted) add('refuse', 'STRAY_QUOTE');
    if (CONTROL.test(value)) add('refuse', 'CONTROL_CHARACTER');
    if (!quoted && value.includes('\r')) add('refuse', 'LONE_CR');
    const utf8 = Buffer.from(value, 'latin1').toString('utf8');
    if (utf8.includes('\ufffd')) add('refuse', 'INVALID_UTF8');
    const trimmed = value.replaceAll(/^ +| +$/g, '');
    if (trimmed === '') {
      const empty = mandatory.get(i)?.empty ?? 'off';
      if (empty !== 'off') add(empty, 'MISSING_VALUE');
    } else if (COLUMNS[i] === 'Creation Time') {
      const iso = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/i.test(trimmed) ? Date.parse(trimmed.replace(' ', 'T')) : Number.NaN; // prettier-ignore
      if (!(iso >= Date.UTC(1990, 0, 1) && iso <= ARRIVED_AT + 86_400_000)) add('refuse', 'BAD_TIME');
    } else if (COLUMNS[i] === 'Email Address (UPN)') {
      if (!EMAIL.test(Buffer.from(trimmed, 'latin1').toString('utf8'))) add('refuse', 'BAD_EMAIL');
    }
  });
  const account = [values[COLUMNS.indexOf('Email Address (UPN)')], values[COLUMNS.indexOf('SamAccountName')]];
  if (account.every((value) => /^ *$/.test(value ?? ''))) found.push('refuse NO_ACCOUNT');
  return found;
}

const text = fc.string({
  unit: fc.constantFrom('a', 'B', ' ', '.', '@', '7', '\t', '\0', '\x7f', '\xc3', '\xa9', '\xff', "'"),
  maxLength: 6,
});
const quotedText = fc
  .array(fc.constantFrom('a', ',', '""', '\r\n', '\n', '\r', ' ', '\x01', '\xc3\xa9', '\xc3'), {
    maxLength: 6,
  })
  .map((parts) => `"${parts.join('')}"`);
const awkward = fc.constantFrom('a"b', '5"', '"a"b', '"a\r"b', '"a" ', 'x\ry', 'a,b', '""', '  ', '"  "');
const plausible = fc.constantFrom('2026-11-20T08:15:00Z', '2026-11-31T08:15:00Z', '2026-11-20 08:15:00+01:00', 'ann@example.org',
  'a@b', '"a@b"', '"2026-11-20T08:15:00Z"', ' 2026-11-20T08:15:00Z', 'a@b..c', 'a@b@c', '1980-01-01T00:00:00Z', '2027-01-01T00:00:00Z'); // prettier-ignore
const good = fc.constant('value');
const field = fc.oneof(
  { weight: 4, arbitrary: good },
  { weight: 2, arbitrary: plausible },
  text,
  quotedText,
  awkward,
);

test('judges every record as a plain validator on top of csv-parse does', () => {
  const runs = Number(process.env['PROPERTY_RUNS'] ?? 3000);
  fc.assert(
    fc.property(fc.array(field, { minLength: COLUMNS.length - 1, maxLength: COLUMNS.length }), (raw) => {
      fc.pre(raw.join(',') !== '');
      assert.deepEqual(judge(plan, raw.join(',')).sort(), judgeNaively(raw).sort());
    }),
    { numRuns: runs },
  );
});
