import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { systemClock } from '../../../shared/clock.ts';
import { openStorage, type Storage } from '../../../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../../../shared/storage/connection.ts';

/** One blob of a listing as the service writes it (Azure REST, List Blobs): the emulator keeps nothing that was deleted. */
const blob = (etag: string, facts: string, metadata = ''): string =>
  `<Blob><Name>healthcare/a.csv</Name>${facts}<Properties><Last-Modified>Sat, 21 Nov 2026 08:00:00 GMT</Last-Modified>` +
  `<Etag>${etag}</Etag><Content-Length>12</Content-Length><BlobType>BlockBlob</BlobType></Properties>${metadata}</Blob>`;
const DELETED = '<Deleted>true</Deleted>';
const SNAPSHOT = '<Snapshot>2026-11-21T09:00:00.0000000Z</Snapshot>';
const LISTING = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://127.0.0.1/account" ContainerName="exports"><Blobs>
${blob('0x1', DELETED + SNAPSHOT)}
${blob('0x2', DELETED + SNAPSHOT, '<Metadata><pinnedfor>e1</pinnedfor></Metadata>')}
${blob('0x3', SNAPSHOT)}
${blob('0x4', '')}
</Blobs><NextMarker/></EnumerationResults>`;

const asked: URL[] = [];
const service = createServer((request, response) => {
  asked.push(new URL(request.url ?? '', 'http://127.0.0.1'));
  response.writeHead(200, { 'content-type': 'application/xml' }).end(LISTING);
});
let storage: Storage;
before(async () => {
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const url = `http://127.0.0.1:${String((service.address() as AddressInfo).port)}/account`;
  const text = `AccountName=account;AccountKey=a2V5;BlobEndpoint=${url};QueueEndpoint=${url};TableEndpoint=${url}`;
  const connection = readStorageConnection({ Store: text }, 'Store');
  storage = await openStorage(connection, { clock: systemClock, random: () => 0.5 });
});
after(async () => {
  await storage.close();
  service.close();
});

test('what soft delete keeps is asked for and told, without pins, snapshots and what is still there', async () => {
  const found = [];
  for await (const version of storage.blobs.listDeleted('exports')) found.push(version);
  assert.deepEqual(found, [
    {
      name: 'healthcare/a.csv',
      etag: '"0x1"',
      bytes: 12,
      modifiedAt: Date.parse('2026-11-21T08:00:00Z'),
      metadata: {},
    },
  ]);
  const include = asked[0]?.searchParams.get('include')?.split(',') ?? [];
  assert.deepEqual(include.toSorted(), ['deleted', 'metadata', 'snapshots']);
});
