import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { changeChunk } from '../../shared/ledger/chunks.ts';
import { completeExport } from '../../shared/export/complete.ts';
import { planExport } from '../../shared/export/plan.ts';
import { receiveExport } from '../../shared/export/receive.ts';
import { DEFAULT_SPLIT_SETTINGS, type SplitSettings } from '../../shared/export/services.ts';
import { listChunks } from '../../shared/ledger/chunks.ts';
import { readExport, type ExportKeys } from '../../shared/ledger/exports.ts';
import { CONTAINERS, QUEUES, TABLES } from '../../shared/ledger/model.ts';
import { DEFAULT_SWEEP_SETTINGS, sweepLedger, type SweepServices } from '../../shared/export/sweep.ts';
import { loadSchema } from '../../shared/schema/schemas.ts';
import { openStorage, type Storage } from '../../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../../shared/storage/connection.ts';
import { plainExport } from '../support/healthcare.ts';
import { startTestStorage } from '../support/storage.ts';

let emulator: Awaited<ReturnType<typeof startTestStorage>>;
let storage: Storage;

before(async () => {
  emulator = await startTestStorage();
  storage = await openStorage(readStorageConnection({ Store: emulator.connectionString }, 'Store'), {
    clock: systemClock,
    random: Math.random,
  });
  await storage.create({
    tables: Object.values(TABLES),
    containers: Object.values(CONTAINERS),
    queues: Object.values(QUEUES),
  });
});

after(async () => {
  await storage.close();
  await emulator.stop();
});

const quiet = () => undefined;

async function services(settings: Partial<SplitSettings> = {}): Promise<SweepServices> {
  const schema = (await loadSchema('healthcare'))!;
  return {
    tables: {
      exports: storage.table(TABLES.exports),
      chunks: storage.table(TABLES.chunks),
      contents: storage.table(TABLES.contents),
      marks: storage.table(TABLES.marks),
      connectors: storage.table(TABLES.connectors),
    },
    blobs: storage.blobs,
    queue: storage.queue(QUEUES.chunks),
    clock: storage.clock,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    settings: { ...DEFAULT_SPLIT_SETTINGS, chunkRecords: 1_000, ...settings },
    sweep: { ...DEFAULT_SWEEP_SETTINGS, graceMs: 0 },
    newOwner: () => randomUUID().replaceAll('-', ''),
    rulesOf: (connector) => Promise.resolve(connector === 'healthcare' ? { schema, mapping: {} } : undefined),
    planExport,
  };
}

async function deliver(keys: ExportKeys, each: SweepServices): Promise<void> {
  for (const { row } of await listChunks(each.tables.chunks, keys.exportId)) {
    await changeChunk(each.tables.chunks, row, (chunk) => ({
      ...chunk,
      state: 'delivered',
      accepted: chunk.records,
    }));
  }
  await completeExport(keys, each);
}

for (const pin of ['snapshot', 'copy'] as const) {
  test(`an export is split, delivered and let go of in real storage, pinned by ${pin}`, async () => {
    const each = await services({ pin });
    const blobName = `healthcare/täglich ${pin}.csv`;
    const address = { container: CONTAINERS.exports, name: blobName };
    const records = plainExport(2_500, (number) => ({ 'Event Name': `${pin} ${number}` }));
    await storage.blobs.write(address, Buffer.from(records));
    const keys = (await receiveExport({ container: CONTAINERS.exports, blobName }, each))!;
    await receiveExport({ container: CONTAINERS.exports, blobName }, each);

    const split = (await readExport(each.tables.exports, keys))!.row;
    assert.deepEqual([split.state, split.records, split.chunks, split.reasons], ['queued', 2_500, 3, []]);
    const chunks = await listChunks(each.tables.chunks, keys.exportId);
    const bytes: Buffer[] = [];
    for (const { row } of chunks) {
      for await (const piece of each.blobs.read(split.source!, row)) bytes.push(Buffer.from(piece));
    }
    assert.equal(Buffer.concat(bytes).toString(), records.slice(records.indexOf('\n') + 1));

    await deliver(keys, each);
    const ended = (await readExport(each.tables.exports, keys))!.row;
    assert.deepEqual([ended.state, ended.accepted, ended.pinned], ['completed', 2_500, false]);
    await storage.blobs.remove(address);
    assert.equal(await storage.blobs.facts(address), undefined);
  });
}

test('the sweep starts what nobody told of, and rejects what lies in no folder', async () => {
  const each = await services();
  for (const name of ['healthcare/unheard.csv', 'nowhere.csv', 'healthcare/uploading.csv.tmp']) {
    await storage.blobs.write(
      { container: CONTAINERS.exports, name },
      Buffer.from(plainExport(3, () => ({ 'Event Name': name }))),
    );
  }
  assert.equal((await sweepLedger(each)).started, 2);
  assert.equal((await sweepLedger(each)).started, 0);
});
