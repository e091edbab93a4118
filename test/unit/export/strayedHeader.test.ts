import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planExport } from '../../../shared/export/plan.ts';
import { receiveExport } from '../../../shared/export/receive.ts';
import type { ExportRow } from '../../../shared/ledger/model.ts';
import { HEADER_COLUMNS } from '../../support/healthcare.ts';
import { healthcare } from '../../support/judging.ts';
import { SplitRig } from '../../support/splitRig.ts';

/** Columns of which the last holds no time and no address, so that nothing but names tells header and record apart. */
const COLUMNS = HEADER_COLUMNS.filter((name) => name !== 'Email Address (UPN)');
const VALUES: Readonly<Record<string, string>> = {
  'Creation Time': '2025-11-20T08:15:00Z',
  'Event Name': 'Zvorkgang',
  'Patient First Name': 'Zenobia',
  'Patient Last Name': 'Zwitschermann',
  'Patient Address Line 1': '7 Zypressenweg',
  'Patient City': 'Zell',
  'Patient Zip Code': 'Z4711',
  SamAccountName: 'zdoe',
};
const SECRETS = Object.values(VALUES);
const HEADER = COLUMNS.join(',');
const RECORD = COLUMNS.map((name) => VALUES[name] ?? '').join(',');
/** A time that is not taken for one, and a value that comes twice. */
const UNDATED = RECORD.replace('2025-11-20T08:15:00Z', '8:15 on the 20th').replace('Zell', 'Zwitschermann');

/** Everything that is left of an export in the ledger, and everything that was logged. */
async function remains(
  content: string | Buffer,
): Promise<{ row: ExportRow; text: string; secrets: string[] }> {
  const rig = new SplitRig();
  const logged: unknown[] = [];
  const note = (...what: unknown[]): void => void logged.push(what);
  rig.put('healthcare/day.csv', content);
  await receiveExport(
    { container: 'exports', blobName: 'healthcare/day.csv' },
    {
      ...rig.services(),
      log: { debug: note, info: note, warn: note, error: note },
      planExport,
      rulesOf: () => Promise.resolve({ schema: healthcare, mapping: {} }),
    },
  );
  const rows = Object.values(rig.tables).flatMap((table) => table.rows());
  const text = JSON.stringify([rows, logged]);
  return { row: rig.export(), text, secrets: SECRETS.filter((secret) => text.includes(secret)) };
}

const lines = (sign: string, records: readonly string[]): string => [HEADER, ...records].join(sign) + sign;
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

const strayed: [why: string, content: string | Buffer, code: string][] = [
  ['records that end in NEL', lines('\u0085', [RECORD, RECORD]), 'BREAK_IN_HEADER'],
  ['records that end in NEL of Latin-1', latin(lines('\u0085', [RECORD, RECORD])), 'BREAK_IN_HEADER'],
  ['one record behind a form feed', lines('\f', [RECORD]), 'BREAK_IN_HEADER'],
  ['records that end in a vertical tab', lines('\v', [RECORD, RECORD, RECORD]), 'BREAK_IN_HEADER'],
  ['records that end in a line separator', lines('\u2028', [RECORD, RECORD]), 'BREAK_IN_HEADER'],
  ['records that end in a carriage return', `${lines('\r', [RECORD, RECORD])}\n`, 'LONE_CR'],
  ['records that end in the letters of a line end', lines(String.raw`\n`, [RECORD, RECORD]), 'NO_HEADER'],
  ['no line end behind the header', `${HEADER}${RECORD}\n${RECORD}\n`, 'NO_HEADER'],
  ['a quote that opens in the last name', `${HEADER.replace(/([^,]+)$/u, '"$1')}\n${RECORD}"\n${RECORD}\n`, 'BREAK_IN_HEADER'],
  ['no line end behind the header, and a value that comes twice', `${HEADER}${UNDATED}\n${`${RECORD}\n`.repeat(9)}`, 'DUPLICATE_COLUMN'],
]; // prettier-ignore
for (const [why, content, code] of strayed) {
  test(`nothing of a record is kept or told when it got into the header: ${why}`, async () => {
    const { row, secrets } = await remains(content);
    assert.deepEqual([row.state, row.plan, secrets], ['rejected', undefined, []]);
    assert.equal(row.reasons[0]?.code, code);
  });
}

test('nor when the header is taken for one, and the records behind it are not', async () => {
  const filled = HEADER_COLUMNS.map((name) => VALUES[name] ?? `Z${name}`).join(',');
  const header = HEADER_COLUMNS.join(',');
  const glued = `${header}${filled.replace('2025-11-20T08:15:00Z', '8:15 on the 20th')}`;
  const { row, secrets } = await remains(`${glued}\n${`${filled}\n`.repeat(9)}`);
  assert.deepEqual([row.state, row.reasons[0]?.code, row.plan], ['rejected', 'TOO_MANY_REFUSED', undefined]);
  assert.deepEqual(secrets, []);
  const alone = await remains(`${glued}\n`);
  assert.deepEqual([alone.row.state, alone.row.reasons[0]?.code, alone.row.plan], ['completed', 'NO_RECORDS', undefined]); // prettier-ignore
  assert.deepEqual(alone.secrets, []);
});

test('an export of thousands of faults ends, and tells ten of them', async () => {
  const names = Array.from({ length: 400 }, (_, i) => `x${i},x${i}`).join(',');
  const { row } = await remains(`${HEADER},${names}\n${RECORD}\n`);
  assert.equal(row.state, 'rejected');
  assert.deepEqual([row.reasons.length, row.reasons.at(-1)?.code], [10, 'MORE_REASONS']);
  assert.match(row.reasons.at(-1)!.cause, /^391 more/);
});
