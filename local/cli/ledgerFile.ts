import { writeFile } from 'node:fs/promises';
import { textColumns, textOf } from '../../shared/ledger/columns.ts';
import { TABLES } from '../../shared/ledger/model.ts';
import type { TableRow, TableStore } from '../../shared/storage/tables.ts';

/** Columns in which the ledger keeps JSON; `state` of a watermark alone. */
const NESTED = [
  'checkpoint',
  'counts',
  'parts',
  'pending',
  'plan',
  'reason',
  'reasons',
  'refusals',
  'source',
  'state',
  'warnings',
];

/** Write the whole ledger as one JSON file: an object of tables, each a list of rows with nested values parsed. */
export async function writeLedgerFile(
  openTable: (name: string) => Pick<TableStore, 'list'>,
  file: string,
): Promise<void> {
  const ledger: Record<string, unknown[]> = {};
  for (const name of Object.values(TABLES)) {
    const rows: unknown[] = [];
    for await (const { row } of openTable(name).list({})) rows.push(withNestedValues(row));
    ledger[name] = rows;
  }
  await writeFile(file, `${JSON.stringify(ledger, undefined, 2)}\n`);
}

function withNestedValues(row: TableRow): Record<string, unknown> {
  const plain: Record<string, unknown> = { ...row };
  for (const name of NESTED) {
    const text = textOf(row, name);
    if (!text || !/^[[{]/u.test(text)) continue;
    // A long one is spread over several columns.
    for (const column of Object.keys(textColumns(name, text))) delete plain[column];
    plain[name] = JSON.parse(text);
  }
  return plain;
}
