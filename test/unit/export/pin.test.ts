import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { dropPins, pinExport } from '../../../shared/export/pin.ts';
import { CONTAINERS } from '../../../shared/ledger/model.ts';
import { anExportRow } from '../../support/ledgerRows.ts';
import { SplitRig } from '../../support/splitRig.ts';

const TEXT = `a,b\n${'1,2\n'.repeat(300)}`;

for (const pin of ['snapshot', 'copy'] as const) {
  test(`two who unpack an export at once (${pin}) each get the whole, and take nothing from the other`, async () => {
    const rig = new SplitRig({ settings: { pin } });
    const blobName = 'healthcare/a.csv.gz';
    const content = gzipSync(TEXT);
    const row = anExportRow({ blobName, blobEtag: rig.put(blobName, content), bytes: content.length });
    const sources = await Promise.all([pinExport(row, rig.services()), pinExport(row, rig.services())]);
    assert.notDeepEqual(sources[0], sources[1]);
    for (const source of sources) assert.equal(rig.blobs.content(source)?.toString(), TEXT);
    assert.equal(rig.pins(), 2);
    await dropPins(row, rig.services());
    assert.equal(rig.pins(), 0);
  });

  test(`who lets go of what an export held before a replay (${pin}) spares what it holds since`, async () => {
    const rig = new SplitRig({ settings: { pin } });
    const blobName = 'healthcare/a.csv';
    const row = anExportRow({ blobName, blobEtag: rig.put(blobName, TEXT), bytes: TEXT.length });
    const replayed = { ...row, replays: 1 };
    await pinExport(row, rig.services());
    const source = await pinExport(replayed, rig.services());
    await dropPins(row, rig.services());
    assert.equal(rig.pins(), 1);
    assert.equal(rig.blobs.content(source)?.toString(), TEXT);
    await dropPins(replayed, rig.services());
    assert.deepEqual([rig.pins(), rig.blobs.addresses(CONTAINERS.exports).length], [0, 1]);
  });
}
