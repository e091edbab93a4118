import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepWords, withKeptWords } from '../../../shared/quarantine/words.ts';
import { CONTAINERS } from '../../../shared/ledger/model.ts';
import { anExportRow } from '../../support/ledgerRows.ts';
import { MemoryBlobs } from '../../support/memoryStores.ts';

test('words that an earlier invocation heard are found again; what is known, or was never told, stays as it is', async () => {
  const blobs = new MemoryBlobs();
  const exported = anExportRow();
  await keepWords(blobs, exported, 7, 'cannot read "é"');
  await keepWords(blobs, exported, 70, 'forgotten since');
  await keepWords(blobs, exported, 8, 'older words');
  await keepWords(blobs, anExportRow({ exportId: 'another' }), 9, 'of another export');
  const heard = new Map([
    [7, ''],
    [8, 'newer words'],
    [9, ''],
  ]);
  assert.deepEqual(
    [...(await withKeptWords(blobs, exported, heard))],
    [
      [7, 'cannot read "é"'],
      [8, 'newer words'],
      [9, ''],
    ],
  );
  const names = blobs.addresses(CONTAINERS.staging).map(({ name }) => name);
  assert.ok(
    names.every((name) => /^[0-9a-z]+\/words-\d+$/u.test(name)),
    names.join(),
  );
});

test('with all words known nothing is asked of storage', async () => {
  const silent = new MemoryBlobs({ hook: () => assert.fail('storage was asked') });
  const heard = new Map([[1, 'said']]);
  assert.deepEqual(await withKeptWords(silent, anExportRow(), heard), heard);
  assert.deepEqual(await withKeptWords(silent, anExportRow(), new Map()), new Map());
});
