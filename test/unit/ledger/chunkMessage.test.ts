import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkMessageOf, ChunkMessageError, parseChunkMessage } from '../../../shared/ledger/chunkMessage.ts';
import { pushChunk } from '../../../shared/delivery/pushChunk.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { aChunkRow, anExportRow } from '../../support/ledgerRows.ts';

const source = { container: 'exports', name: 'healthcare/a.csv', snapshot: '1' };
const message = chunkMessageOf(aChunkRow(), anExportRow({ source, traceparent: '00-a-b-01' }));

test('a message points to its chunk, takes less than 1 KB and survives the queue', () => {
  const { exportId, connectorKey, chunk, traceparent } = message;
  const text = JSON.stringify(message);
  assert.ok(Buffer.byteLength(text) < 1024);
  assert.deepEqual(parseChunkMessage(JSON.parse(text)), { exportId, connectorKey, chunk, traceparent });
});

test('a message is as short for a name of 1,024 characters of three bytes each, and does not show it', () => {
  const name = `healthcare/${'院'.repeat(1_013)}`;
  const long = JSON.stringify(
    chunkMessageOf(aChunkRow(), anExportRow({ blobName: name, source: { ...source, name } })),
  );
  assert.ok(Buffer.byteLength(long) < 1024);
  assert.ok(!long.includes('院'));
});

test('garbage and other versions are refused', () => {
  const bad: unknown[] = [undefined, null, 'text', 7, [], {}, { ...message, v: 2 }, { ...message, chunk: 0 }];
  bad.push(
    { ...message, exportId: "x' or true" },
    { ...message, connectorKey: '../x' },
    { ...message, chunk: '1' },
  );
  for (const value of bad) assert.throws(() => parseChunkMessage(value), ChunkMessageError);
});

test('a message for a chunk that the ledger does not know is refused, and nothing is sent', async () => {
  const world = new DeliveryWorld({ seed: 1 });
  await assert.rejects(pushChunk(message, world.process().services), ChunkMessageError);
  assert.equal(world.service.requests.length, 0);
});
