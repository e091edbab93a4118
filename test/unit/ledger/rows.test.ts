import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromChunkTableRow, toChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import {
  fromConnectorTableRow,
  newConnectorRow,
  toConnectorTableRow,
} from '../../../shared/ledger/connectorRows.ts';
import { fromExportTableRow, toExportTableRow } from '../../../shared/ledger/exportRows.ts';
import type { ConnectorRow } from '../../../shared/ledger/model.ts';
import { aChunkRow, anExportRow } from '../../support/ledgerRows.ts';
import { MemoryTable } from '../../support/memoryStores.ts';

const reason = { code: 'TOO_LARGE', cause: 'It is too large.', cure: 'Split it.' };

test('an export survives the way through its row, with every optional part and a plan longer than a column', () => {
  const full = anExportRow({
    finishedAt: '2026-11-21T07:00:00.000Z',
    pinned: true,
    source: { container: 'exports', name: 'healthcare/a.csv', snapshot: 's' },
    plan: JSON.stringify({ header: 'ä😀'.repeat(40_000), odd: 'x😀'.repeat(40_000) }),
    checkpoint: {
      offset: 3_000_000_000,
      records: 1,
      line: 2,
      chunks: 1,
      utf8: { wellFormed: true, malformed: false },
    },
    contentHash: 'aa',
    duplicateOf: 'bb',
    traceparent: '00-aa-bb-01',
    refusals: { 'MISSING_VALUE Patient City': 3 },
    reasons: [reason],
  });
  assert.deepEqual(fromExportTableRow(toExportTableRow(full)), full);
  assert.deepEqual(fromExportTableRow(toExportTableRow(anExportRow())), anExportRow());
});

test('a row that was written with every optional part is one that the table service takes', async () => {
  const table = new MemoryTable('exports');
  const row = anExportRow({ plan: 'x'.repeat(200_000) });
  await table.insert(toExportTableRow(row));
  const stored = await table.get(row.connectorKey, row.exportId);
  assert.deepEqual(fromExportTableRow(stored!.row), row);
});

test('a final export without a pin is no longer active', () => {
  assert.equal(toExportTableRow(anExportRow({ state: 'completed' }))['active'], false);
  assert.equal(toExportTableRow(anExportRow({ state: 'completed', pinned: true }))['active'], true);
  assert.equal(toExportTableRow(anExportRow({ state: 'queued' }))['active'], true);
});

test('a chunk survives the way through its row', () => {
  const parked = aChunkRow({ state: 'waiting', dueAt: '2026-11-21T07:00:00.000Z', reason, parkings: 2 });
  assert.deepEqual(fromChunkTableRow(toChunkTableRow(parked)), parked);
  assert.deepEqual(fromChunkTableRow(toChunkTableRow(aChunkRow())), aChunkRow());
});

test('a connector survives the way through its row', () => {
  const blocked: ConnectorRow = {
    ...newConnectorRow('healthcare'),
    circuit: 'open',
    kind: 'blocked',
    reason,
    since: 'a',
    gateUntil: 'b',
    until: 'c',
    lastAcceptedAt: 'd',
    failures: 3,
  };
  assert.deepEqual(fromConnectorTableRow(toConnectorTableRow(blocked)), blocked);
  const fresh = newConnectorRow('healthcare');
  assert.deepEqual(fromConnectorTableRow(toConnectorTableRow(fresh)), fresh);
});

test('a row of something else is not taken for an export', () => {
  assert.throws(
    () => fromExportTableRow({ partitionKey: 'a', rowKey: 'b' }),
    /no string in column connector/u,
  );
});
