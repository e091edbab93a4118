import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError } from '../../../shared/errors.ts';
import {
  changeExport,
  insertExport,
  mayBecome,
  moved,
  readExport,
  replaceExport,
} from '../../../shared/ledger/exports.ts';
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

test('from where each state may be reached', () => {
  const states: ExportState[] = ['received', 'splitting', 'queued', 'pushing', ...FINAL_EXPORT_STATES];
  const into = (to: ExportState): string => states.filter((from) => mayBecome(from, to)).join(' ');
  // An event makes it, nothing else.
  assert.equal(into('received'), '');
  assert.equal(into('splitting'), 'received');
  assert.equal(into('queued'), 'splitting');
  // A replay takes up again what ended without all of it.
  assert.deepEqual(
    new Set(into('pushing').split(' ')),
    new Set(['queued', 'failed', 'cancelled', 'sourceLost']),
  );
  // Found out while it is split, before anything is sent; a file that cannot be split at all, at once.
  assert.equal(into('duplicate'), 'splitting');
  assert.equal(into('rejected'), 'received splitting');
  // An export of no records has nothing to queue.
  assert.equal(into('completed'), 'splitting queued pushing');
  assert.equal(into('completedWithRefusals'), 'queued pushing');
  assert.equal(into('failed'), 'queued pushing');
  // An operator or the owner of the file may come at any time.
  assert.equal(into('cancelled'), 'received splitting queued pushing');
  assert.equal(into('sourceLost'), 'received splitting queued pushing');
});

test('what a move is told goes before what it notes', () => {
  const row = moved(anExportRow({ state: 'pushing' }), 'failed', NOW, { finishedAt: 'then', accepted: 2 });
  assert.deepEqual(
    row,
    anExportRow({ state: 'failed', stateAt: '2026-11-21T12:00:00.000Z', finishedAt: 'then', accepted: 2 }),
  );
});

/** The export in a table, and a switch for what the next writes fail with. */
async function aLedger() {
  const faults: Error[] = [];
  const table = new MemoryTable('exports', {
    hook: ({ operation, when }) => {
      const fault = when === 'before' && operation !== 'get' ? faults.shift() : undefined;
      if (fault !== undefined) throw fault;
    },
  });
  const inserted = await insertExport(table, anExportRow());
  return { table, inserted, faults };
}

test('what was inserted is what is read, and an export that is not there is none', async () => {
  const { table, inserted } = await aLedger();
  assert.deepEqual(inserted.row, anExportRow());
  assert.deepEqual(await readExport(table, anExportRow()), inserted);
  assert.equal(await readExport(table, { ...anExportRow(), exportId: 'none' }), undefined);
});

test('an insert that fails for another reason than that the export is there says so', async () => {
  const { table, faults } = await aLedger();
  faults.push(new Error('storage is out'));
  await assert.rejects(insertExport(table, anExportRow()), { message: 'storage is out' });
  faults.push(new ConflictError('somebody had it, and it is gone'));
  await assert.rejects(insertExport(table, anExportRow({ exportId: 'gone' })), ConflictError);
});

test('an export is replaced as it was read, or not at all', async () => {
  const { table, inserted } = await aLedger();
  const replaced = await replaceExport(table, inserted, anExportRow({ records: 1 }));
  assert.deepEqual(await readExport(table, anExportRow()), replaced);
  await assert.rejects(replaceExport(table, inserted, anExportRow({ records: 2 })), ConflictError);
  assert.equal((await readExport(table, anExportRow()))!.row.records, 1);
});

test('a change that changes nothing writes nothing; a ledger out of reach is told', async () => {
  const { table, inserted, faults } = await aLedger();
  assert.deepEqual(await changeExport(table, anExportRow(), () => undefined), inserted);
  assert.equal(table.version, 1);
  faults.push(new Error('storage is out'));
  await assert.rejects(
    changeExport(table, anExportRow(), (row) => row),
    { message: 'storage is out' },
  );
  const changed = await changeExport(table, anExportRow(), (row) => ({ ...row, records: 1 }));
  assert.deepEqual(await readExport(table, anExportRow()), changed);
});
