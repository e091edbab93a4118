import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { writeLedgerFile } from '../../../local/cli/ledgerFile.ts';
import { toChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import { toExportTableRow } from '../../../shared/ledger/exportRows.ts';
import { aChunkRow, anExportRow } from '../../support/ledgerRows.ts';
import { MemoryTable } from '../../support/memoryTable.ts';

const REASON = { code: 'HTTP_403', status: 403, cause: 'a cause', cure: 'a cure' };

test('ledger.json holds nested values as they are, also those that are spread over columns', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'ledger-'));
  t.after(() => rm(folder, { recursive: true }));
  const plan = { mapping: 'x'.repeat(70_000) };
  const exports = new MemoryTable('exports');
  await exports.insert(
    toExportTableRow(anExportRow({ reasons: [REASON], plan: JSON.stringify(plan), blobName: '[odd]' })),
  );
  const chunks = new MemoryTable('chunks');
  await chunks.insert(toChunkTableRow(aChunkRow({ reason: REASON })));
  const tables: Record<string, MemoryTable> = { exports, chunks };
  const file = path.join(folder, 'ledger.json');
  await writeLedgerFile((name) => tables[name] ?? new MemoryTable(name), file);
  const ledger = JSON.parse(await readFile(file, 'utf8')) as Record<string, Record<string, unknown>[]>;
  const [row] = ledger['exports'] ?? [];
  assert.deepEqual(
    [row?.['reasons'], row?.['plan'], row?.['plan2'], row?.['refusals'], row?.['state'], row?.['blobName']],
    [[REASON], plan, undefined, {}, 'received', '[odd]'],
  );
  assert.deepEqual(ledger['chunks']?.[0]?.['reason'], REASON);
});
