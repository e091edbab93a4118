import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExportRejectedError } from '../../../shared/errors.ts';
import { MAX_COLUMNS, refuseOtherThanNames } from '../../../shared/export/columnNames.ts';

/** The code that names are refused with and the number of the column that the reason tells; undefined when they are taken. */
function refusal(
  names: readonly string[],
  known: readonly string[] = [],
  windows1252 = false,
): string | undefined {
  try {
    refuseOtherThanNames(names, { isKnown: (name) => known.includes(name), windows1252 });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ExportRejectedError);
    const { code, cause, cure } = error.reason;
    for (const name of names) assert.ok(name.length < 3 || !(cause + cure).includes(name), 'shows a name');
    return [code, ...(/column (\d+)/.exec(cause)?.slice(1) ?? [])].join(' ');
  }
}

const BREAKS = ['\n', '\r\n', '\v', '\f', '\u0085', '\u2028', '\u2029', '\u001E', '\0', '\u007F'];
for (const sign of BREAKS) {
  test(`no name of two lines: ${JSON.stringify(sign)}`, () => {
    assert.equal(refusal(['Ward', `SamAccountName${sign}Doe`, 'x']), 'BREAK_IN_HEADER 2');
  });
}

test('a carriage return alone has a reason of its own', () => {
  assert.equal(refusal(['Ward', 'SamAccountName\rDoe']), 'LONE_CR');
});

test('in Windows-1252 an ellipsis may be NEL of Latin-1, in UTF-8 it is one', () => {
  assert.equal(refusal(['Ward', 'Name…Doe'], [], true), 'BREAK_IN_HEADER 2');
  assert.equal(refusal(['Ward', 'Name…Doe']), undefined);
});

const VALUES = [
  '2026-11-20T08:15:00Z',
  'SamAccountName2026-11-20T08:15:00Z',
  String.raw`SamAccountName\n2026-11-20 08:15`,
  'UPN20.11.2026',
  'UPN~1/20/2026 8:15 AM',
  'UPN20-Nov-2026',
  '2026/11/20',
  'SamAccountName20261120',
  'SamAccountName20261120081500',
  'ann@example.org',
  'Ann Doe <ann.doe@mail.example.org>',
];
for (const value of VALUES) {
  test(`no name that holds a value: ${value}`, () => {
    assert.equal(refusal(['Ward', 'City', value]), 'NO_HEADER 3');
  });
}

const NAMES = [
  '',
  'Creation Time',
  'Email Address (UPN)',
  'user@host',
  'Item 12345678',
  '1.2.3 Address',
  'Zip 12345',
  'IP 10.0.0.1',
  'Phone 555-0100-200',
  'a\tb',
  String.raw`DOMAIN\name`,
  'ICD-10-GM-2026',
];
test('what may well be a name is taken for one', () => {
  for (const name of NAMES) assert.equal(refusal([name, 'Ward']), undefined, name);
});

test('a name that the mapping file knows is one, whatever it looks like', () => {
  assert.equal(refusal(['Login (ann@example.org)'], ['Login (ann@example.org)']), undefined);
});

test('there is an end to columns', () => {
  assert.equal(refusal(Array.from({ length: MAX_COLUMNS }, (_, i) => `c${i}`)), undefined);
  assert.equal(refusal(Array.from({ length: MAX_COLUMNS + 1 }, (_, i) => `c${i}`)), 'TOO_MANY_COLUMNS');
});
