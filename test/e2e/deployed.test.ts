import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makePackage } from '../../local/build/package.ts';
import { CONTAINERS, exportId, FINAL_EXPORT_STATES, type ExportRow } from '../../shared/ledger/model.ts';
import { startDeployed, unzip, type Deployed } from '../support/deployed.ts';
import { plainExport } from '../support/healthcare.ts';
import { until } from '../support/processes.ts';

let folder = '';
let appFolder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ehr-deployed-'));
  appFolder = path.join(folder, 'app');
  await unzip(await makePackage(), appFolder);
});
after(() => rm(folder, { recursive: true, force: true }));

const created = (
  blobName: string,
  { url, etag }: { url: string; etag: string },
  change: object = {},
): object => ({
  id: 'event-1',
  topic: '/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/ehr',
  subject: `/blobServices/default/containers/${CONTAINERS.exports}/blobs/${blobName}`,
  eventType: 'Microsoft.Storage.BlobCreated',
  eventTime: new Date().toISOString(),
  dataVersion: '',
  metadataVersion: '1',
  data: {
    api: 'PutBlockList',
    contentType: 'text/csv',
    blobType: 'BlockBlob',
    eTag: etag.replaceAll('"', ''),
    url,
  },
  ...change,
});

async function ended(app: Deployed, blobName: string, etag: string): Promise<ExportRow> {
  const id = exportId(CONTAINERS.exports, blobName, etag);
  let row: ExportRow | undefined;
  await until(`${blobName} has ended`, async () => {
    row = (await app.ledger.export('healthcare', id))?.row;
    return row !== undefined && FINAL_EXPORT_STATES.has(row.state);
  });
  assert.ok(row);
  return row;
}

test('unpacked in an empty folder it takes blob events at the webhook: handshake, batches, duplicates, others', async () => {
  const app = await startDeployed(appFolder, path.join(folder, 'webhook'), 'blobWebhook');
  try {
    const handshake = await app.post([
      {
        eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
        subject: '',
        data: { validationCode: 'code-42' },
      },
    ]);
    assert.equal(handshake.status, 200);
    assert.deepEqual(JSON.parse(handshake.body), { validationResponse: 'code-42' });

    const first = await app.upload('healthcare/a b/ü.csv', plainExport(30));
    const second = await app.upload('healthcare/second.csv', plainExport(20));
    const foreign = await app.upload('healthcare/foreign.csv', plainExport(10), 'exports-old');
    const partial = await app.upload('healthcare/half.csv.filepart', plainExport(5));
    const events = [
      created('healthcare/a b/ü.csv', first),
      created('healthcare/second.csv', second),
      created('healthcare/a b/ü.csv', first),
      created('healthcare/foreign.csv', foreign),
      created('healthcare/half.csv.filepart', partial),
    ];
    assert.equal((await app.post(events)).status, 202);
    assert.equal((await ended(app, 'healthcare/a b/ü.csv', first.etag)).accepted, 30);
    assert.equal((await ended(app, 'healthcare/second.csv', second.etag)).accepted, 20);
    assert.equal((await app.post(events)).status, 202, 'delivered once more');
    const third = await app.upload('healthcare/third.csv', plainExport(7));
    await app.post([created('healthcare/third.csv', third)]);
    assert.equal((await ended(app, 'healthcare/third.csv', third.etag)).accepted, 7);
    assert.deepEqual(
      (await app.requests()).map(({ records }) => records).toSorted((a, b) => a - b),
      [7, 20, 30],
    );
    const renamed = await app.post([
      created('x', first, { eventType: 'Microsoft.Storage.BlobRenamed', data: { api: 'RenameFile' } }),
    ]);
    assert.equal(renamed.status, 500, 'an event without a URL is for Event Grid to deliver again');
  } finally {
    await app.stop();
  }
});

test('the same from a storage queue: duplicates, writes that complete nothing, other types and containers', async () => {
  const app = await startDeployed(appFolder, path.join(folder, 'queue'), 'queue');
  try {
    const first = await app.upload('healthcare/first.csv', plainExport(12));
    const event = created('healthcare/first.csv', first);
    const early = await app.upload('healthcare/early.csv', plainExport(3));
    for (const each of [
      event,
      event,
      created('healthcare/early.csv', early, { data: { api: 'SftpCreate', url: early.url } }),
      created('healthcare/early.csv', early, { eventType: 'Microsoft.Storage.BlobDeleted' }),
      created('healthcare/first.csv', first, {
        subject: '/blobServices/default/containers/exports-old/blobs/healthcare/first.csv',
      }),
    ]) {
      await app.enqueueEvent(each);
    }
    assert.equal((await ended(app, 'healthcare/first.csv', first.etag)).accepted, 12);
    const last = await app.upload('healthcare/last.csv', plainExport(4));
    await app.enqueueEvent(created('healthcare/last.csv', last));
    assert.equal((await ended(app, 'healthcare/last.csv', last.etag)).accepted, 4);
    assert.deepEqual(
      (await app.requests()).map(({ records }) => records),
      [12, 4],
    );
    assert.equal(
      await app.ledger.export('healthcare', exportId(CONTAINERS.exports, 'healthcare/early.csv', early.etag)),
      undefined,
    );
  } finally {
    await app.stop();
  }
});
