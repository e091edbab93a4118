import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AzureNamedKeyCredential, TableClient } from '@azure/data-tables';
import { QueueServiceClient } from '@azure/storage-queue';
import { systemClock } from '../../shared/clock.ts';
import { ConflictError, SourceLostError } from '../../shared/errors.ts';
import type { BlobAddress } from '../../shared/storage/blobs.ts';
import { azureTable } from '../../shared/storage/azureTables.ts';
import { openStorage, type Storage } from '../../shared/storage/azureStorage.ts';
import { readStorageConnection, type StorageConnection } from '../../shared/storage/connection.ts';
import { STORAGE_RETRY } from '../../shared/storage/retry.ts';
import type { StoredRow, TableStore } from '../../shared/storage/tables.ts';
import { startTestStorage } from '../support/storage.ts';

let emulator: Awaited<ReturnType<typeof startTestStorage>>;
let connection: StorageConnection;
let storage: Storage;
const random = () => 0.5;

before(async () => {
  emulator = await startTestStorage();
  connection = readStorageConnection({ Store: emulator.connectionString }, 'Store');
  storage = await openStorage(connection, {
    clock: systemClock,
    random,
    rangeReader: { pieceBytes: 1_000_000, stallMs: 10_000 },
  });
  const names = { tables: ['ledger', 'lossy'], containers: ['exports', 'staging'], queues: ['chunks'] };
  await storage.create(names);
  await storage.create(names);
});

after(async () => {
  await storage.close();
  await emulator.stop();
});

const collect = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
};

test('a row comes back as it was written, numbers beyond 32 bits and odd text included', async () => {
  const table = storage.table('ledger');
  const row = {
    partitionKey: 'p',
    rowKey: 'r',
    wide: 3_221_225_472,
    negative: -5_000_000_000,
    small: 7,
    share: 0.25,
    yes: true,
    text: `it's "quoted" ä😀\n`,
    empty: '',
    absent: undefined,
  };
  const etag = await table.insert(row);
  const { absent: _absent, ...expected } = row;
  assert.deepEqual(await table.get('p', 'r'), { row: expected, etag } satisfies StoredRow);
  assert.equal(await table.get('p', 'other'), undefined);
  await assert.rejects(table.insert(row), ConflictError);
});

test('changes are made on the ETag that was read, or not at all', async () => {
  const table = storage.table('ledger');
  const first = await table.insert({ partitionKey: 'etag', rowKey: 'r', n: 1, old: 'x' });
  const second = await table.replace({ partitionKey: 'etag', rowKey: 'r', n: 2 }, first);
  await assert.rejects(table.replace({ partitionKey: 'etag', rowKey: 'r', n: 3 }, first), ConflictError);
  await assert.rejects(table.remove('etag', 'r', first), ConflictError);
  assert.deepEqual((await table.get('etag', 'r'))?.row, { partitionKey: 'etag', rowKey: 'r', n: 2 });
  await table.remove('etag', 'r', second);
  await table.remove('etag', 'r', second);
  await assert.rejects(table.replace({ partitionKey: 'etag', rowKey: 'r', n: 4 }, second), ConflictError);
});

test('many rows are inserted, those that exist are left, lists keep order and filters', async () => {
  const table = storage.table('ledger');
  const key = (i: number) => `c${String(i).padStart(6, '0')}`;
  await table.insert({ partitionKey: 'many', rowKey: key(150), kind: 'kept' });
  await table.insertMissing(
    Array.from({ length: 1_205 }, (_, i) => ({
      partitionKey: 'many',
      rowKey: key(i),
      kind: 'new',
      even: i % 2 === 0,
      wide: i * 2 ** 32,
    })),
  );
  const rows = await collect(table.list({ partitionKey: 'many' }));
  assert.equal(rows.length, 1_205);
  assert.deepEqual(
    rows.map(({ row }) => row.rowKey),
    Array.from({ length: 1_205 }, (_, i) => key(i)),
  );
  assert.equal(rows[150]?.row['kind'], 'kept');
  const where = { partitionKey: 'many', from: key(10), to: key(20), where: { even: true, kind: 'new' } };
  assert.deepEqual(
    (await collect(table.list(where))).map(({ row }) => row.rowKey),
    [10, 12, 14, 16, 18].map(key),
  );
  assert.equal((await collect(table.list({ where: { kind: `it's` } }))).length, 0);
});

/** A table whose next answers are lost after the service has done its work. */
function lossyTable(): { table: TableStore; lose: (answers: number) => void } {
  assert.equal(connection.credential.kind, 'key');
  const { accountName, accountKey } = connection.credential as { accountName: string; accountKey: string };
  const client = new TableClient(
    connection.tableUrl,
    'lossy',
    new AzureNamedKeyCredential(accountName, accountKey),
    {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 0 },
    },
  );
  let losses = 0;
  client.pipeline.addPolicy({
    name: 'lossy',
    sendRequest: async (request, next) => {
      const answer = await next(request);
      if (losses-- > 0) throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
      return answer;
    },
  });
  const settings = { ...STORAGE_RETRY, firstDelayMs: 1 };
  const table = azureTable(client, { clock: systemClock, random, settings });
  return { table, lose: (answers) => (losses = answers) };
}

test('an own change whose answer was lost is no conflict, another writer is', async () => {
  const { table, lose } = lossyTable();
  lose(2);
  const inserted = await table.insert({ partitionKey: 'p', rowKey: 'r', n: 1 });
  lose(1);
  const replaced = await table.replace({ partitionKey: 'p', rowKey: 'r', n: 2 }, inserted);
  assert.deepEqual(await table.get('p', 'r'), {
    row: { partitionKey: 'p', rowKey: 'r', n: 2 },
    etag: replaced,
  });
  lose(1);
  await assert.rejects(table.replace({ partitionKey: 'p', rowKey: 'r', n: 3 }, inserted), ConflictError);
  lose(1);
  await table.insertMissing([{ partitionKey: 'q', rowKey: 'a' }]);
  lose(1);
  await table.remove('p', 'r', replaced);
  assert.equal(await table.get('p', 'r'), undefined);
});

test('a message is JSON in base64 that never expires', async () => {
  await storage.queue('chunks').send({ v: 1, name: 'ä' });
  await storage.queue('chunks').send({ v: 2 }, 3_600_000);
  const client = QueueServiceClient.fromConnectionString(emulator.connectionString).getQueueClient('chunks');
  const { receivedMessageItems } = await client.receiveMessages({ numberOfMessages: 5 });
  assert.deepEqual(
    receivedMessageItems.map(({ messageText }) => Buffer.from(messageText, 'base64').toString()),
    ['{"v":1,"name":"ä"}'],
  );
  assert.equal(receivedMessageItems[0]?.expiresOn.getUTCFullYear(), 9999);
});

const CONTENT = Buffer.from(Array.from({ length: 3_500_000 }, (_, i) => (i * 7) % 256));
const NAME = 'häuser/a b#?%41.csv';

async function readAll(address: BlobAddress, start = 0, end = CONTENT.length): Promise<Buffer> {
  return Buffer.concat(await collect(storage.blobs.read(address, { start, end })));
}

test('a blob is written, described, read in ranges and removed, whatever its name', async () => {
  const { blobs } = storage;
  const address = { container: 'exports', name: NAME };
  assert.equal(await blobs.facts(address), undefined);
  const written = await blobs.write(address, CONTENT, { metadata: { again: 'true' } });
  assert.deepEqual(written.metadata, { again: 'true' });
  assert.equal(written.bytes, CONTENT.length);
  assert.deepEqual(await readAll(address), CONTENT);
  assert.deepEqual(await readAll(address, 999_999, 2_000_001), CONTENT.subarray(999_999, 2_000_001));
  const listed = await collect(blobs.list('exports', 'häuser/'));
  assert.deepEqual(listed, [{ name: NAME, ...written }]);
  await blobs.remove(address);
  await blobs.remove(address);
  await assert.rejects(readAll(address), SourceLostError);
});

test('a name that leads into another container has no facts', async () => {
  await storage.blobs.write({ container: 'staging', name: 'theirs.csv' }, Buffer.from('x'));
  assert.equal(await storage.blobs.facts({ container: 'exports', name: '../staging/theirs.csv' }), undefined);
});

test('a snapshot pins the content, is found by its mark and is gone with it', async () => {
  const { blobs } = storage;
  const address = { container: 'exports', name: 'h/pinned.csv' };
  const { etag } = await blobs.write(address, CONTENT);
  await blobs.write({ ...address, name: 'h/pinned.csv.other' }, CONTENT);
  const snapshot = await blobs.snapshot(address, etag, 'one');
  await blobs.snapshot(address, etag, 'one');
  const other = await blobs.snapshot(address, etag, 'two');
  await blobs.write(address, Buffer.from('tomorrow'));
  await assert.rejects(blobs.snapshot(address, etag, 'one'), ConflictError);
  assert.deepEqual(await readAll(snapshot, 5, 50), CONTENT.subarray(5, 50));
  assert.equal((await collect(blobs.list('exports', 'h/pinned.csv'))).length, 2);
  await blobs.removeSnapshots(address, 'one');
  await assert.rejects(readAll(snapshot), SourceLostError);
  assert.equal((await blobs.facts(other))?.etag, etag);
  await blobs.removeSnapshots(address, 'two');
  await blobs.remove(address);
  assert.equal(await blobs.facts(address), undefined);
});

test('a copy is made of the version that was asked for, or not at all', async () => {
  const { blobs } = storage;
  const from = { container: 'exports', name: 'h/ä copied.csv' };
  const to = { container: 'staging', name: 'x/original' };
  const { etag } = await blobs.write(from, CONTENT);
  await blobs.copy(from, etag, to);
  await blobs.copy(from, etag, to);
  assert.deepEqual(await readAll(to), CONTENT);
  await blobs.write(from, Buffer.from('tomorrow'));
  await assert.rejects(blobs.copy(from, etag, to), ConflictError);
  assert.deepEqual(await readAll(to), CONTENT);
});

test('a stream of reused buffers becomes one blob of many blocks', async () => {
  async function* reused() {
    const buffer = Buffer.alloc(700_001);
    for (let i = 0; i < 30; i++) yield await Promise.resolve(buffer.fill(i));
  }
  const address = { container: 'staging', name: 'streamed' };
  const { bytes } = await storage.blobs.write(address, reused(), { contentType: 'text/csv' });
  assert.equal(bytes, 30 * 700_001);
  const pieces = await collect(storage.blobs.read(address, { start: 0, end: bytes }));
  const whole = Buffer.concat(pieces);
  for (let i = 0; i < 30; i++) {
    assert.ok(whole.subarray(i * 700_001, (i + 1) * 700_001).every((byte) => byte === i));
  }
});

test('a write that may not replace finds what is there', async () => {
  const address = { container: 'staging', name: 'once' };
  await storage.blobs.write(address, Buffer.from('first'), { onlyIfAbsent: true });
  await assert.rejects(
    storage.blobs.write(address, Buffer.from('second'), { onlyIfAbsent: true }),
    ConflictError,
  );
  assert.equal((await readAll(address, 0, 5)).toString(), 'first');
});

test('a read that is called off ends, and leaves nothing behind', async () => {
  const address = { container: 'staging', name: 'aborted' };
  await storage.blobs.write(address, CONTENT);
  const abort = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of storage.blobs.read(address, { start: 0, end: CONTENT.length }, abort.signal))
      abort.abort();
  });
});
