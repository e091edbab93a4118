import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SettingsError } from '../../../shared/errors.ts';
import { receiveExport } from '../../../shared/export/receive.ts';
import { arrivalsOf } from '../../../shared/ledger/arrivals.ts';
import { CONTAINERS, exportId } from '../../../shared/ledger/model.ts';
import { SplitRig } from '../../support/splitRig.ts';

const NAME = 'healthcare/ä day.csv';
const EXPORT = 'a,b\n1,2\n3,"4\n4"\n5,6\n7,8\n9,10';

test('an export becomes chunks with their byte ranges, lines and digests, one message each', async () => {
  const rig = new SplitRig();
  const etag = rig.put(NAME, EXPORT);
  const keys = await rig.receive(NAME);
  const row = rig.export();
  assert.equal(row.exportId, exportId('exports', NAME, etag));
  assert.equal(keys?.exportId, row.exportId);
  assert.deepEqual([row.state, row.records, row.chunks, row.owner, row.pinned], ['queued', 5, 3, '', true]);
  const content = Buffer.from(EXPORT);
  assert.equal(
    rig
      .chunks()
      .map(({ start, end }) => content.subarray(start, end).toString())
      .join(''),
    EXPORT.slice(4),
  );
  assert.deepEqual(
    rig
      .chunks()
      .map(({ chunk, records, firstRecord, firstLine }) => [chunk, records, firstRecord, firstLine]),
    [
      [1, 2, 1, 2],
      [2, 2, 3, 5],
      [3, 1, 5, 7],
    ],
  );
  const messages = rig.queue.texts();
  assert.equal(messages.length, 3);
  for (const text of messages) assert.ok(text.length < 1_000);
});

test('when its chunks are delivered the export is complete, and its pin is gone', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  await rig.receive(NAME);
  assert.equal(rig.pins(), 1);
  await rig.push();
  const row = rig.export();
  assert.deepEqual([row.state, row.accepted, row.pinned, row.source], ['completed', 5, false, undefined]);
  assert.equal(rig.pins(), 0);
});

test('the same event again does nothing again, at once, later or at the same time', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  await Promise.all([rig.receive(NAME), rig.receive(NAME), rig.receive(NAME)]);
  await rig.receive(NAME);
  assert.equal(rig.queue.length, 3);
  await rig.push();
  await rig.receive(NAME);
  assert.equal(rig.queue.length, 0);
  assert.equal(rig.export().state, 'completed');
});

test('a new version of a blob is an export of its own, and the pinned one is read to its end', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  await rig.receive(NAME);
  rig.put(NAME, 'a,b\nx,y\n');
  await rig.receive(NAME);
  const [first, second] = rig.exports().toSorted((a, b) => b.records - a.records);
  assert.deepEqual([first?.records, second?.records], [5, 1]);
  assert.equal(rig.blobs.content(first!.source!)?.toString(), EXPORT);
});

test('a version that was replaced before it was pinned is told of as lost', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  const services = rig.services();
  const blobs = new Proxy(services.blobs, {
    get: (target, property) =>
      property === 'snapshot'
        ? (...parameters: Parameters<typeof target.snapshot>) => {
            rig.put(NAME, 'a,b\nx,y\n');
            return target.snapshot(...parameters);
          }
        : (Reflect.get(target, property) as unknown),
  });
  await receiveExport({ container: 'exports', blobName: NAME }, { ...services, blobs });
  const row = rig.export();
  assert.deepEqual([row.state, row.records, row.reasons[0]?.code], ['sourceLost', 0, 'REPLACED_BEFORE_READ']);
});

const refused: [why: string, name: string, content: string, code: string][] = [
  ['a blob in no folder', 'day.csv', EXPORT, 'NO_CONNECTOR_FOLDER'],
  ['a folder that is no connector', 'other/day.csv', EXPORT, 'UNKNOWN_CONNECTOR'],
  ['an empty blob', NAME, '', 'EMPTY_FILE'],
  ['more bytes than allowed', NAME, `a,b\n${'1,2\n'.repeat(100)}`, 'TOO_LARGE'],
  ['more records than allowed', NAME, `a,b\n${'1,2\n'.repeat(7)}`, 'TOO_MANY_RECORDS'],
  ['a quote never closed', NAME, 'a,b\n1,2\n3,4\n5,6\n7,"8\n', 'QUOTE_NEVER_CLOSED'],
  ['too many refused records', NAME, 'a,b\n1,2\n3,4\n5\n', 'TOO_MANY_REFUSED'],
  ['no header', NAME, 'a,b', 'NO_HEADER'],
  [
    'something compressed under another name',
    NAME,
    '\u001F\u008B\u0008\u0000\u0000\u0000',
    'COMPRESSED_CONTENT',
  ],
];
for (const [why, name, content, code] of refused) {
  test(`refused as a whole, with nothing of it queued: ${why}`, async () => {
    const settings = { emptyBlobGraceMs: 0, maxExportBytes: 200, maxExportRecords: 6 };
    const rig = new SplitRig({ settings });
    rig.put(name, Buffer.from(content, 'latin1'));
    await rig.receive(name);
    const row = rig.export();
    assert.deepEqual([row.state, row.records, row.chunks], ['rejected', 0, 0]);
    assert.deepEqual(
      row.reasons.map((reason) => reason.code),
      [code],
    );
    assert.deepEqual([rig.chunks().length, rig.queue.length, rig.pins()], [0, 0, 0]);
  });
}

test('an export whose mapping cannot be used is seen in the ledger and by the report, as rejected', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  const reason = {
    code: 'BAD_MAPPING',
    cause: 'mappings/healthcare.json cannot be used: …',
    cure: 'Correct it.',
  };
  const rulesOf = (): Promise<never> => Promise.reject(new SettingsError(reason));
  await receiveExport({ container: 'exports', blobName: NAME }, { ...rig.services(), rulesOf });
  const row = rig.export();
  assert.deepEqual([row.state, row.reasons.length], ['rejected', 1]);
  assert.equal(row.reasons[0]?.cause, reason.cause);
  assert.match(row.reasons[0]?.cure ?? '', /upload the export again/u);
  const arrived = await arrivalsOf(rig.tables, 'healthcare', row.arrivedAt.slice(0, 10));
  assert.deepEqual(
    arrived.map(({ exportId: id }) => id),
    [row.exportId],
  );
  assert.deepEqual([rig.chunks().length, rig.queue.length, rig.pins()], [0, 0, 0]);
});

test('a policy to refuse the export is kept by one refused record, wherever it lies', async () => {
  const content = `a,b\n${'1,2\n'.repeat(10)}3\n${'1,2\n'.repeat(10)}`;
  const strict = new SplitRig({ mapping: { policy: 'refuseExport' } });
  strict.put(NAME, content);
  await strict.receive(NAME);
  assert.deepEqual([strict.export().state, strict.export().reasons[0]?.line], ['rejected', 12]);
  const lenient = new SplitRig();
  lenient.put(NAME, content);
  await lenient.receive(NAME);
  assert.equal(lenient.export().state, 'queued');
});

test('a header with no records is complete, and says so', async () => {
  const rig = new SplitRig();
  rig.put(NAME, 'a,b\n');
  rig.put('healthcare/b.csv', 'a,b\n');
  await rig.receive(NAME);
  await rig.receive('healthcare/b.csv');
  for (const row of rig.exports()) {
    assert.deepEqual([row.state, row.records, row.reasons[0]?.code], ['completed', 0, 'NO_RECORDS']);
  }
  assert.equal(rig.pins(), 0);
});

const ignored: [why: string, name: string, content: string, metadata?: Record<string, string>][] = [
  ['a file still being written', 'healthcare/day.csv.FilePart', EXPORT],
  ['a folder', 'healthcare/sub', '', { hdi_isfolder: 'true' }],
  ['an empty blob within its grace', NAME, ''],
];
for (const [why, name, content, metadata] of ignored) {
  test(`left alone: ${why}`, async () => {
    const rig = new SplitRig();
    rig.put(name, content, metadata);
    assert.equal(await rig.receive(name), undefined);
    assert.deepEqual(rig.exports(), []);
  });
}

test('events of a foreign container and of blobs that are gone are left alone', async () => {
  const rig = new SplitRig();
  assert.equal(
    await receiveExport({ container: 'status', blobName: 'healthcare/a.csv' }, rig.services()),
    undefined,
  );
  assert.equal(await rig.receive('healthcare/gone.csv'), undefined);
  assert.deepEqual(rig.exports(), []);
});

test('an empty blob is judged when its grace is over', async () => {
  const rig = new SplitRig();
  rig.put(NAME, '');
  await rig.receive(NAME);
  await rig.pass(300_000);
  await rig.sweep();
  assert.equal(rig.export().reasons[0]?.code, 'EMPTY_FILE');
});

test('the same content under another name is a duplicate, unless it is sent again on purpose', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  await rig.receive(NAME);
  await rig.push();
  rig.put('healthcare/copy.csv', EXPORT);
  await rig.receive('healthcare/copy.csv');
  rig.put('healthcare/again.csv', EXPORT, { again: 'true' });
  await rig.receive('healthcare/again.csv');
  const byName = new Map(rig.exports().map((row) => [row.blobName, row]));
  const copy = byName.get('healthcare/copy.csv');
  assert.deepEqual(
    [copy?.state, copy?.duplicateOf, copy?.records, copy?.pinned],
    ['duplicate', byName.get(NAME)?.exportId, 0, false],
  );
  assert.equal(rig.chunks(copy?.exportId).length, 0);
  assert.equal(byName.get('healthcare/again.csv')?.state, 'queued');
});

test('the same content is a duplicate though the size of chunks was changed meanwhile', async () => {
  const settings = { chunkRecords: 2 };
  const rig = new SplitRig({ settings });
  rig.put(NAME, `${EXPORT}\n\n`);
  await rig.receive(NAME);
  await rig.push();
  for (const chunkRecords of [1, 5, 100_000]) {
    Object.assign(settings, { chunkRecords });
    rig.put(`healthcare/${chunkRecords}.csv`, `${EXPORT}\n\n`);
    await rig.receive(`healthcare/${chunkRecords}.csv`);
  }
  const states = rig.exports().map(({ state }) => state);
  assert.deepEqual(states.toSorted(), ['completed', 'duplicate', 'duplicate', 'duplicate']);
});

test('two copies at once: one is sent', async () => {
  const rig = new SplitRig();
  rig.put('healthcare/1.csv', EXPORT);
  rig.put('healthcare/2.csv', EXPORT);
  await Promise.all([rig.receive('healthcare/1.csv'), rig.receive('healthcare/2.csv')]);
  assert.deepEqual(
    rig
      .exports()
      .map(({ state }) => state)
      .sort(),
    ['duplicate', 'queued'],
  );
  assert.equal(rig.queue.length, 3);
});

test('an export of which nothing was accepted gives its content up', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  await rig.receive(NAME);
  await rig.cancel(rig.export());
  assert.deepEqual([rig.export().state, rig.export().failed], ['cancelled', 5]);
  rig.put('healthcare/copy.csv', EXPORT);
  await rig.receive('healthcare/copy.csv');
  assert.deepEqual(
    rig
      .exports()
      .map(({ state }) => state)
      .sort(),
    ['cancelled', 'queued'],
  );
});

test('what comes compressed is staged as text, and staged only', async () => {
  const rig = new SplitRig();
  rig.put('healthcare/day.csv.gz', gzipSync(EXPORT));
  await rig.receive('healthcare/day.csv.gz');
  const { source, state, exportId } = rig.export();
  assert.equal(state, 'queued');
  assert.equal(source?.container, CONTAINERS.staging);
  assert.match(source.name, new RegExp(`^${exportId}/content-[^/.]+\\.csv$`, 'u'));
  assert.equal(rig.blobs.content(source)?.toString(), EXPORT);
  assert.equal(rig.pins(), 1);
  await rig.push();
  assert.equal(rig.pins(), 0);
});

test('no part of a name but the extension of a text file leads into staging', async () => {
  for (const extension of ['.Doe_1962', `.${'x'.repeat(900)}`, '']) {
    const rig = new SplitRig();
    const name = `healthcare/day${extension}.gz`;
    rig.put(name, gzipSync(EXPORT));
    await rig.receive(name);
    assert.match(rig.export().source!.name, new RegExp(`^${rig.export().exportId}/content-[^/.]+$`, 'u'));
  }
});

test('where there are no snapshots, a copy is the pin', async () => {
  const rig = new SplitRig({ settings: { pin: 'copy' } });
  rig.put(NAME, EXPORT);
  await rig.receive(NAME);
  assert.equal(rig.export().source?.container, CONTAINERS.staging);
  await rig.push();
  assert.deepEqual([rig.export().state, rig.pins()], ['completed', 0]);
});

test('bytes that are no UTF-8 at all make the plan one for Windows-1252', async () => {
  const rig = new SplitRig();
  rig.put(NAME, Buffer.from('a,b\nM\xFCller,2\n', 'latin1'));
  await rig.receive(NAME);
  assert.match(rig.export().plan ?? '', /"encoding":"windows-1252"/u);
});
