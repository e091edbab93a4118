import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explained } from '../../../local/cli/duplicates.ts';
import { anExportRow } from '../../support/ledgerRows.ts';

const original = anExportRow({ exportId: 'a'.repeat(32), blobName: 'healthcare/jane-doe.csv', records: 7 });
const duplicate = anExportRow({ state: 'duplicate', duplicateOf: original.exportId });
const ledger = { exportRow: () => Promise.resolve(original) };

test('a duplicate is told with the figures and the name of the export that has its content', async () => {
  const { records, reasons } = await explained(duplicate, { ledger, settings: {} });
  assert.equal(records, 7);
  assert.match(reasons[0]?.cause ?? '', /as export healthcare\/jane-doe\.csv \(a{32}\)/u);
});

test('where names are hidden it is told by its id alone', async () => {
  const { reasons } = await explained(duplicate, { ledger, settings: { HASH_BLOB_NAMES: 'true' } });
  assert.match(reasons[0]?.cause ?? '', /as export a{32}, so nothing was sent/u);
});

test('of an original that the ledger has forgotten, too', async () => {
  const forgotten = { exportRow: () => Promise.resolve(undefined) };
  const { records, reasons } = await explained(duplicate, { ledger: forgotten, settings: {} });
  assert.deepEqual([records, reasons.map(({ code }) => code)], [0, ['DUPLICATE']]);
});

test('any other export is told as it is', async () => {
  assert.equal(await explained(original, { ledger, settings: {} }), original);
});
