import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { DEFAULT_HEADER_TABLE, parseHeaderTable, readHeaders } from '../../../shared/fhir/headerTable.ts';
import { csvRecord, MANDATORY_FIELDS, RECORD_FIELDS } from '../../../shared/fhir/recordFields.ts';

const SCHEMA = new URL('../../../shared/schema/schemas/healthcare.json', import.meta.url);

test('the export’s header is the connector’s schema, and its mandatory fields are the schema’s', () => {
  const { fields } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as {
    fields: { name: string; mandatory?: boolean; emptyValue?: string }[];
  };
  assert.deepEqual(
    [...RECORD_FIELDS],
    fields.map(({ name }) => name),
  );
  const mandatory = fields.filter(
    ({ mandatory, emptyValue }) => mandatory === true && emptyValue === undefined,
  );
  assert.deepEqual([...MANDATORY_FIELDS].sort(), mandatory.map(({ name }) => name).sort());
});

test('lines of CSV are read by others as they were meant', () => {
  const field = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a,b', '"', '\r\n', ' x ', '\n'));
  fc.assert(
    fc.property(fc.array(field, { minLength: 2, maxLength: 5 }), (fields) => {
      assert.deepEqual(parse(csvRecord(fields), { recordDelimiter: '\r\n' }), [fields]);
    }),
  );
});

test('the table takes whole values and parts, the first rule that finds something', () => {
  const table = parseHeaderTable(
    'UserLocation[2]=Patient Department; USERLOCATION = workstation id; upn=Email Address (UPN); mail=Email Address (UPN)'.replace(
      ' = ',
      '=',
    ),
  );
  const headers = new Map([
    ['USERLOCATION', 'HospitalA, Emergency'],
    ['UPN', ''],
    ['MAIL', 'a@b.example'],
    ['OTHER', 'x'],
  ]);
  assert.deepEqual(readHeaders(headers, table, undefined), {
    values: {
      'Patient Department': 'Emergency',
      'Workstation Id': 'HospitalA, Emergency',
      'Email Address (UPN)': 'a@b.example',
    },
    faults: [],
  });
});

test('the default table can be read and names no more headers than one request may carry', () => {
  const table = parseHeaderTable(DEFAULT_HEADER_TABLE);
  assert.ok(new Set(table.map(({ header }) => header)).size <= 10);
});

test('a rule that cannot be is refused by its number', () => {
  assert.throws(() => parseHeaderTable('A=Workstation Id; B=No Such Field'), /rule 2 names no field/);
  assert.throws(() => parseHeaderTable('Workstation Id'), /rule 1 names no field/);
});
