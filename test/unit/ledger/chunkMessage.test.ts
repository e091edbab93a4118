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
  assert.ok(text.length < 1024);
  assert.deepEqual(parseChunkMessage(JSON.parse(text)), { exportId, connectorKey, chunk, traceparent });
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
