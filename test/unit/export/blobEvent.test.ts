import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBlobEvent } from '../../../shared/export/blobEvent.ts';

const SUBJECT = '/blobServices/default/containers/exports/blobs/healthcare/Über sicht/a b.csv';
const event = (change: object = {}, data: object = {}): object => ({
  eventType: 'Microsoft.Storage.BlobCreated',
  subject: SUBJECT,
  data: { api: 'PutBlockList', eTag: '0x8D', ...data },
  ...change,
});

test('an event of a whole blob names container, blob and ETag; folders, spaces and umlauts included', () => {
  const expected = { container: 'exports', blobName: 'healthcare/Über sicht/a b.csv', etag: '0x8D' };
  assert.deepEqual(parseBlobEvent(event()), expected);
  const { eventType: type, ...cloudEvent } = event() as Record<string, unknown>;
  assert.deepEqual(parseBlobEvent({ ...cloudEvent, type }), expected, 'as a CloudEvent');
});

for (const api of ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose', 'SftpCommit']) {
  test(`${api} completes a blob`, () => assert.ok(parseBlobEvent(event({}, { api }))));
}

for (const [what, message] of [
  ['another type', event({ eventType: 'Microsoft.Storage.BlobRenamed' })],
  ['a write before the content', event({}, { api: 'SftpCreate' })],
  ['no api', event({}, { api: undefined })],
  ['a subject of something else', event({ subject: '/blobServices/default/containers/exports' })],
  ['no object', 'BlobCreated'],
  ['nothing', null],
] as const) {
  test(`${what} is no export`, () => assert.equal(parseBlobEvent(message), undefined));
}
