import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExportRejectedError } from '../../../shared/errors.ts';
import { planExport, type PlannedExport, type PlanInput } from '../../../shared/export/plan.ts';
import { RECORD_CODES } from '../../../shared/schema/codes.ts';
import type { MappingFile } from '../../../shared/schema/mappingFile.ts';
import { toExportTableRow } from '../../../shared/ledger/exportRows.ts';
import { HEADER_COLUMNS, plainExport } from '../../support/healthcare.ts';
import { ARRIVED_AT, healthcare } from '../../support/judging.ts';
import { anExportRow } from '../../support/ledgerRows.ts';

const SETTINGS = { chunkRecords: 100, recordsPerRequest: 10, maxBodyBytes: 1e6, maxRecordBytes: 4096, onUnknownOutcome: 'resend' } as const; // prettier-ignore

const plan = (head: Buffer, input: Partial<PlanInput> = {}): PlannedExport =>
  planExport({
    name: 'a.csv',
    head,
    totalBytes: head.length,
    arrivedAt: ARRIVED_AT,
    schema: healthcare,
    settings: SETTINGS,
    ...input,
  });

describe('planExport', () => {
  test('a plan always fits into a row of the ledger, whatever the header and the mapping file are', () => {
    const dear = (count: number, name: string): Buffer =>
      Buffer.from(`${[...HEADER_COLUMNS, ...Array.from({ length: count }, (_, i) => i + name)].join(';')}\n`);
    const every = (level: 'warn') => Object.fromEntries(HEADER_COLUMNS.map((field) => [field, level]));
    const codes = Object.keys(RECORD_CODES);
    const mapping: MappingFile = {
      timeFormats: Array.from({ length: 20 }, () => 'YYYY-MM-DD '.padEnd(100, '"')),
      emptyValue: every('warn'),
      levels: Object.fromEntries(codes.map((code) => [code, every('warn')])),
    };
    const { plan: found } = plan(dear(976, 'x"'.repeat(30)), { mapping });
    const reasons = Array.from({ length: 5_000 }, () => ({ code: 'X', cause: '"'.repeat(9_000), cure: 'c' }));
    const row = toExportTableRow(anExportRow({ plan: JSON.stringify(found), reasons }));
    assert.ok(Object.values(row).join('').length < 500_000);
  });

  test('fixes everything that a verdict depends on, and gives the same plan again', () => {
    const content = Buffer.from(plainExport(2));
    const { plan: found, warnings } = plan(content);
    assert.deepEqual(plan(content).plan, found);
    assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
    const { validation, ...rest } = found;
    const header = `${HEADER_COLUMNS.join(',')}\r\n`;
    assert.deepEqual(rest, {
      dialect: { delimiter: ',', quote: '"' },
      encoding: 'utf-8',
      head: { start: 0, end: header.length },
      firstLine: 2,
      header,
      output: { kind: 'verbatim' },
      ...SETTINGS,
      policy: { onRefused: 'refuseRecords', refusedShareCeiling: 0.2 },
    });
    assert.equal(validation.latest, ARRIVED_AT + 24 * 60 * 60 * 1000);
    assert.deepEqual(warnings, []);
  });

  test('tells of optional fields that no column holds', () => {
    const columns = HEADER_COLUMNS.filter((name) => !name.startsWith('Employee'));
    const [warning, ...others] = plan(Buffer.from(`${columns.join(',')}\n`)).warnings;
    assert.deepEqual([warning?.code, others], ['FIELDS_WITHOUT_COLUMN', []]);
    assert.match(warning!.cause, /"Employee Last Name", "Employee First Name"/);
  });

  test('refuses with every reason at once', () => {
    const columns = HEADER_COLUMNS.filter((name) => !['Patient City', 'Event Name'].includes(name));
    assert.throws(
      () => plan(Buffer.from(`${columns.join(',')}\n`)),
      (error) => error instanceof ExportRejectedError && error.reasons.length === 2,
    );
  });

  test('knows the right delimiter by the names it gives', () => {
    const semicolons = Buffer.from(`${HEADER_COLUMNS.join(';')}\n`);
    const { plan: found } = plan(semicolons);
    assert.equal(found.dialect.delimiter, ';');
    assert.equal(found.header, `${HEADER_COLUMNS.join(',')}\n`);
  });

  describe('encoding', () => {
    const latin = Buffer.from(`${HEADER_COLUMNS.join(',')},Stra\xdfe\n`, 'latin1');
    const utf8 = Buffer.from(`${HEADER_COLUMNS.join(',')},Straße\n`);
    const bom = Buffer.from(`\uFEFF${HEADER_COLUMNS.join(',')}\n`);

    for (const [what, head, input, encoding] of [
      ['is the one that the scan decided on', latin, { encoding: 'windows-1252' }, 'windows-1252'],
      [
        'is the one that the mapping file forces',
        latin,
        { encoding: 'utf-8', mapping: { encoding: 'windows-1252' } },
        'windows-1252',
      ],
      ['is UTF-8 when the header is, even if no record is', utf8, { encoding: 'windows-1252' }, 'utf-8'],
      ['does not hold for a header in Windows-1252 alone', latin, { encoding: 'utf-8' }, 'utf-8'],
      ['is UTF-8 with a byte order mark, whatever the scan saw', bom, { encoding: 'windows-1252' }, 'utf-8'],
      [
        'is UTF-8 when UTF-16 was forced, since it was staged so',
        bom,
        { mapping: { encoding: 'utf-16le' } },
        'utf-8',
      ],
    ] as const satisfies readonly (readonly [string, Buffer, Partial<PlanInput>, string])[])
      // prettier-ignore
      test(what, () => {
        const { plan: found } = plan(head, input);
        assert.equal(found.encoding, encoding);
        assert.equal(found.validation.checkUtf8, encoding === 'utf-8');
        assert.equal(found.header.includes('Straße'), head !== bom);
      });
  });
});
