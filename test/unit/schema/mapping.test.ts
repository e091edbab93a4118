import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reason } from '../../../shared/errors.ts';
import { knownNames, normaliseName, resolveMapping } from '../../../shared/schema/mapping.ts';
import type { MappingFile } from '../../../shared/schema/mappingFile.ts';
import { HEADER_COLUMNS } from '../../support/healthcare.ts';
import { healthcare, mapped } from '../../support/judging.ts';

const MANDATORY = [
  'Creation Time',
  'Event Name',
  'Patient First Name',
  'Patient Last Name',
  'Patient Address Line 1',
  'Patient City',
  'Patient Zip Code',
  'Restricted Access Reason',
  'SamAccountName',
];

const reasonsOf = (columns: readonly string[], mapping: MappingFile = {}): readonly Reason[] => {
  const outcome = resolveMapping(healthcare, columns, mapping);
  return 'reasons' in outcome ? outcome.reasons : [];
};
const codesOf = (columns: readonly string[], mapping: MappingFile = {}): string[] =>
  reasonsOf(columns, mapping).map(({ code }) => code);
const fieldAt = (columns: readonly string[], mapping: MappingFile = {}): Record<string, string> =>
  Object.fromEntries(
    mapped(columns, mapping).fields.map(({ field, column, how }) => [field.name, `${column} ${how}`]),
  );

describe('resolveMapping', () => {
  test('takes the exact names in any order', () => {
    const columns = HEADER_COLUMNS.toReversed();
    const found = mapped(columns).fields;
    assert.equal(found.length, 24);
    for (const { field, column, how } of found)
      assert.deepEqual([columns[column], how], [field.name, 'exact']);
  });

  test('overlooks case, blanks and punctuation', () => {
    const columns = MANDATORY.map(
      (name, i) => [name.toUpperCase(), name.replaceAll(' ', '_'), ` ${name.replaceAll(' ', '-')} `][i % 3]!,
    );
    assert.deepEqual(codesOf(columns), []);
    assert.equal(normaliseName(' E-Mail Address (UPN)'), 'emailaddressupn');
  });

  test('knows what EHR systems call things', () => {
    const columns = ['access_time', 'METRIC_NAME', 'PAT_FIRST_NAME', 'PAT_LAST_NAME', 'ADD_LINE_1', 'CITY', 'ZIP', 'BTG_REASON', 'UPN', 'user_id', 'PAT_ID']; // prettier-ignore
    const found = fieldAt(columns);
    assert.equal(found['Creation Time'], '0 synonym');
    assert.equal(found['Employee User Name'], '9 synonym');
    assert.equal(found['Patient Reg Id'], '10 synonym');
  });

  test('prefers mapping file to exact, exact to normalised, normalised to synonym', () => {
    const columns = [...MANDATORY, 'patient_city', 'city', 'Ort'];
    assert.equal(fieldAt(columns)['Patient City'], '5 exact');
    assert.equal(fieldAt(columns, { columns: { 'Patient City': 'Ort' } })['Patient City'], '11 mapping');
    assert.equal(fieldAt(columns.toSpliced(5, 1))['Patient City'], '8 normalised');
  });

  test('a column serves one field, unless the mapping file says otherwise', () => {
    const found = fieldAt([...MANDATORY, 'x'], { columns: { 'Event Section': 'x', 'Event Category': 'x' } });
    assert.equal(found['Event Section'], '9 mapping');
    assert.equal(found['Event Category'], '9 mapping');
  });

  test('names the candidates where more than one column fits', () => {
    const [reason, ...others] = reasonsOf([...MANDATORY, 'PAT_ID', 'MRN']);
    assert.deepEqual([reason?.code, others], ['AMBIGUOUS_COLUMN', []]);
    assert.match(reason!.cause, /"Patient Reg Id": "PAT_ID", "MRN"/);
    assert.deepEqual(codesOf([...MANDATORY, 'PAT_ID', 'MRN'], { columns: { 'Patient Reg Id': 'MRN' } }), []);
    assert.deepEqual(codesOf([...MANDATORY, 'PAT_ID', 'MRN'], { columns: { 'Patient Reg Id': null } }), []);
    const twice = [...MANDATORY.toSpliced(5, 1), 'patient_city', 'PATIENT-CITY'];
    assert.deepEqual(codesOf(twice), ['AMBIGUOUS_COLUMN']);
  });

  test('finds every fault at once', () => {
    const columns = [
      'Event Name',
      'Patient First Name',
      'Patient Last Name',
      'Patient Zip Code',
      'Event Name',
      'PAT_ID',
      'MRN',
    ];
    const mapping = { columns: { 'Patient City': 'Ort' } };
    assert.deepEqual(codesOf(columns, mapping), [
      'DUPLICATE_COLUMN',
      'MISSING_COLUMN',
      'AMBIGUOUS_COLUMN',
      ...['Creation Time', 'Patient Address Line 1', 'Restricted Access Reason', 'an account'].map(
        () => 'MISSING_COLUMN',
      ),
    ]);
    const causes = reasonsOf(columns, mapping).map(({ cause }) => cause);
    assert.match(causes[0]!, /"Event Name" more than once/);
    assert.match(causes[1]!, /"Patient City" from the column "Ort"/);
    assert.match(causes.at(-1)!, /"Email Address \(UPN\)" or "SamAccountName"/);
  });

  test('lists the columns not used, so that the right one can be found: known names, else numbers', () => {
    const [reason] = reasonsOf([...MANDATORY.toSpliced(5, 1), 'Ort', '', 'Ward']);
    assert.match(reason!.cure, /\(not used so far: column 9\)/);
    const [other] = reasonsOf([...MANDATORY.toSpliced(5, 1), 'Ort', 'UPN', 'UPN 2'], {
      columns: { 'Email Address (UPN)': null, 'Event Section': 'Ort', 'Event Category': 'Ort' },
    });
    assert.match(other!.cure, /\(not used so far: "UPN", column 11\)/);
  });

  test('columns without a name may come more than once', () => {
    assert.deepEqual(codesOf([...MANDATORY, '', '']), []);
  });

  test('shows nothing of a first line that is a record', () => {
    const record = [
      '2026-11-20T08:15:00Z',
      'View chart',
      'Ann',
      'Doe',
      '1 Main St',
      'Springfield',
      '12345',
      '',
      'Doe',
      'adoe',
    ];
    const reasons = reasonsOf(record);
    assert.deepEqual(reasons.map(({ code }) => code), ['NO_HEADER']); // prettier-ignore
    assert.match(reasons[0]!.cause, /is the header line missing/);
  });

  test('shows nothing of a first line that has known names and others', () => {
    const reasons = reasonsOf(['Zaphod', ...MANDATORY.slice(0, 7), 'Zaphod', 'Ward', 'Trillian']);
    assert.ok(reasons.some(({ code }) => code === 'DUPLICATE_COLUMN'));
    for (const secret of ['Zaphod', 'Trillian']) assert.ok(!JSON.stringify(reasons).includes(secret), secret);
  });

  test('leaves out the columns that a quarantine file has in front', () => {
    const { fields, dropped } = mapped(['record number', 'line number', 'codes', ...MANDATORY]);
    assert.equal(dropped, 3);
    assert.equal(fields[0]?.column, 3);
    assert.equal(mapped(['codes', ...MANDATORY]).dropped, 0);
  });
});

describe('what is said of a header', () => {
  const FILE = `the connector's mapping file`;

  test('a first line that holds no known name', () => {
    assert.deepEqual(reasonsOf(['a', 'b']), [
      {
        code: 'NO_HEADER',
        line: 1,
        cause: 'The first line holds none of the known column names: is the header line missing?',
        cure: `Export with a header line, or name the columns in ${FILE} (npm run check -- --init proposes it).`,
      },
    ]);
  });

  test('a mandatory field that is missing, with the names that could be meant, ten at most', () => {
    const others = Array.from({ length: 12 }, (_, i) => `Spalte ${i + 1}`);
    const ten = others.slice(0, 10).map((_, i) => `column ${i + 9}`).join(', '); // prettier-ignore
    const missing = (unused: string): Reason => ({
      code: 'MISSING_COLUMN',
      line: 1,
      cause: 'No column of the export is the mandatory field "Patient City".',
      cure: `Add the column to the export, or name the one that holds it under "columns" in ${FILE}${unused}.`,
    });
    const columns = MANDATORY.toSpliced(5, 1);
    assert.deepEqual(reasonsOf(columns), [missing('')]);
    assert.deepEqual(reasonsOf([...columns, ...others.slice(0, 10)]), [
      missing(` (not used so far: ${ten})`),
    ]);
    assert.deepEqual(reasonsOf([...columns, ...others]), [missing(` (not used so far: ${ten} and 2 more)`)]);
  });

  test('an account that is missing, a name that comes twice, a column that the mapping file invents', () => {
    const [account] = reasonsOf(MANDATORY.toSpliced(8, 1));
    assert.equal(
      account!.cause,
      'No column of the export is "Email Address (UPN)" or "SamAccountName"; one is mandatory.',
    );
    assert.deepEqual(reasonsOf([...MANDATORY, 'Event Name']), [
      {
        code: 'DUPLICATE_COLUMN',
        line: 1,
        cause: 'The header gives the column "Event Name" more than once.',
        cure: 'Give each column of the export a name of its own.',
      },
    ]);
    assert.deepEqual(reasonsOf(MANDATORY, { columns: { 'Patient City': 'Ort' } }), [
      {
        code: 'MISSING_COLUMN',
        line: 1,
        cause: 'The mapping file takes "Patient City" from the column "Ort", which the header does not have.',
        cure: `Add the column to the export, or correct "columns" in ${FILE}.`,
      },
    ]);
  });

  test('columns of which one must be chosen', () => {
    assert.deepEqual(reasonsOf([...MANDATORY, 'PAT_ID', 'MRN']), [
      {
        code: 'AMBIGUOUS_COLUMN',
        line: 1,
        cause: 'More than one column could be "Patient Reg Id": "PAT_ID", "MRN".',
        cure: `Say which one under "columns" in ${FILE}; null leaves an optional field out.`,
      },
    ]);
  });

  test('of a name that may be a value only its number', () => {
    const [twice] = reasonsOf(['Zaphod', 'City', 'Zaphod', 'x', 'y']);
    assert.equal(twice!.cause, 'The header gives column 1 and column 3 the same name.');
    const [told] = reasonsOf([...MANDATORY, 'Ort', 'Ort'], { columns: { 'Event Section': 'Ort' } });
    assert.equal(told!.cause, 'The header gives the column "Ort" more than once.');
  });

  test('of a known name with no end of dashes the beginning', () => {
    const long = `PAT${'_'.repeat(50_000)}ID`;
    const [ambiguous] = reasonsOf([...MANDATORY, long, 'MRN']);
    assert.ok(ambiguous!.cause.length < 300);
  });

  test('thousands of names cost what each one costs, not each with each', () => {
    const columns = Array.from({ length: 60_000 }, (_, i) => `x${i % 40_000}`);
    const began = process.cpuUsage();
    assert.equal(reasonsOf([...MANDATORY, ...columns]).length, 20_000);
    assert.ok(process.cpuUsage(began).user < 3e6);
  });
});

describe('what the mapping file tells', () => {
  test('a name with other blanks and case is found, an exact one before it', () => {
    const told = { columns: { 'Event Section': ' ORT der Tat ' } };
    assert.equal(fieldAt([...MANDATORY, 'Ort der  Tat'], told)['Event Section'], '9 mapping');
    assert.equal(
      fieldAt([...MANDATORY, 'ort_der_tat', 'ORT der Tat', 'ort-der-tat'], told)['Event Section'],
      '10 mapping',
    );
    assert.deepEqual(codesOf([...MANDATORY, 'ort_der_tat', 'ort-der-tat'], told), ['AMBIGUOUS_COLUMN']);
  });

  test('the columns in front of a quarantine file serve no field', () => {
    const columns = ['record number', 'line number', 'codes', ...MANDATORY];
    assert.deepEqual(codesOf(columns, { columns: { 'Event Section': 'codes' } }), ['MISSING_COLUMN']);
  });

  test('a field set to null is left out although a column fits', () => {
    const columns = [...MANDATORY, 'Event Section'];
    assert.equal(fieldAt(columns)['Event Section'], '9 exact');
    assert.equal(fieldAt(columns, { columns: { 'Event Section': null } })['Event Section'], undefined);
  });
});

describe('knownNames', () => {
  test('are those of the schema, their synonyms, what the mapping file tells and the columns of quarantine', () => {
    const isKnown = knownNames(healthcare, { columns: { 'Patient City': 'Ort', 'Event Section': null } });
    assert.deepEqual(['creation-time', 'MRN', 'ort', 'codes', 'Zaphod', '', '?'].map(isKnown), [true, true, true, true, false, false, false]); // prettier-ignore
    assert.deepEqual(['Ort', 'null', 'Patient City'].map(knownNames(healthcare)), [false, false, true]);
  });
});
