import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeExport, insertExport, mayBecome, moved, readExport } from '../../../shared/ledger/exports.ts';
import { FINAL_EXPORT_STATES, type ExportState } from '../../../shared/ledger/model.ts';
import { anExportRow } from '../../support/ledgerRows.ts';
import { MemoryTable } from '../../support/memoryStores.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

test('only a replay leaves a final state, and nothing leaves what was sent whole or never', () => {
  for (const from of FINAL_EXPORT_STATES) {
    const to = (
      ['received', 'splitting', 'queued', 'pushing', ...FINAL_EXPORT_STATES] as ExportState[]
    ).filter((state) => mayBecome(from, state));
    assert.deepEqual(to, ['failed', 'cancelled', 'sourceLost'].includes(from) ? ['pushing'] : []);
  }
});

test('a move notes when it was made, and the last one when the export ended', () => {
  const row = moved(anExportRow({ state: 'splitting' }), 'queued', NOW, { records: 3 });
  assert.deepEqual(
    [row.state, row.stateAt, row.finishedAt, row.records],
    ['queued', '2026-11-21T12:00:00.000Z', undefined, 3],
  );
  assert.equal(moved(row, 'completed', NOW).finishedAt, '2026-11-21T12:00:00.000Z');
  assert.throws(() => moved(row, 'splitting', NOW), /cannot go from queued to splitting/u);
});

test('an export is inserted once, whoever comes first', async () => {
  const table = new MemoryTable('exports');
  const [first, second] = await Promise.all([
    insertExport(table, anExportRow()),
    insertExport(table, anExportRow({ receivedAt: '2026-11-21T06:00:01.000Z' })),
  ]);
  assert.deepEqual(second, first);
});

test('changes made at the same time are all made', async () => {
  const table = new MemoryTable('exports');
  await insertExport(table, anExportRow());
  const keys = anExportRow();
  await Promise.all(
    Array.from({ length: 10 }, () =>
      changeExport(table, keys, (row) => ({ ...row, records: row.records + 1 })),
    ),
  );
  assert.equal((await readExport(table, keys))?.row.records, 10);
  assert.equal(await changeExport(table, { ...keys, exportId: 'none' }, (row) => row), undefined);
});
