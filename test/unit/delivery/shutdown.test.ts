import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushChunk, type PushResult } from '../../../shared/delivery/pushChunk.ts';
import { chunkMessageOf } from '../../../shared/ledger/chunkMessage.ts';
import { readChunk } from '../../../shared/ledger/chunks.ts';
import type { MadeExport } from '../../support/deliveryExport.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

const HOUR = 3_600_000;

/** One process in the middle of a chunk of 16 batches, when the host says that it goes away. */
async function midway(latencyMs: number) {
  const world = new DeliveryWorld({
    seed: 5,
    settings: { maxInFlight: 4 },
    service: { latency: () => latencyMs },
  });
  const made = await world.export({ chunks: 1, batches: 16, recordsPerRequest: 4 });
  const received = world.queue.receive()!;
  const { services, stopping } = world.process();
  let result: PushResult | undefined;
  const push = async (): Promise<void> => {
    result = await pushChunk(received.message, services);
    received.done();
  };
  void push();
  assert.ok(await world.clock.run(() => world.service.requests.length >= 4, HOUR));
  stopping.abort();
  const begun = world.service.requests.length;
  const stoppedAt = world.clock.now();
  let closedAt: number | undefined;
  void services.close().then(() => (closedAt = world.clock.now()));
  assert.ok(await world.clock.run(() => closedAt !== undefined, HOUR));
  assert.equal(world.service.requests.length, begun, 'no request began after the sign');
  return { world, made, begun, result: () => result, ms: closedAt! - stoppedAt };
}

const batchesOf = async (world: DeliveryWorld, { row }: MadeExport): Promise<string> =>
  (await readChunk(world.tables.chunks, row.exportId, 1))!.row.batches;

test('at shutdown nothing new begins, requests in flight get their answers, the ledger knows them, another goes on', async () => {
  const { world, made, begun, result, ms } = await midway(1_000);
  assert.ok(ms <= 3_500);
  assert.equal(result()?.kind, 'yielded');
  assert.equal(await batchesOf(world, made), `${'a'.repeat(begun)}${'u'.repeat(16 - begun)}`);
  assert.equal(world.queue.length, 1);
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
  assert.equal(world.exportRow(made.row).possiblyDuplicated, 0);
});

test('an answer that takes longer than the host waits is left as unknown: its batch stays marked', async () => {
  const { world, made, begun, result, ms } = await midway(60_000);
  assert.deepEqual([ms, result()], [3_500, undefined]);
  assert.equal((await batchesOf(world, made)).slice(0, begun), 's'.repeat(begun));
});

test('a message that comes when the process is going away is given back without a request or a claim', async () => {
  const world = new DeliveryWorld({ seed: 6 });
  const made = await world.export({ chunks: 1, batches: 2, recordsPerRequest: 4 });
  world.queue.clear();
  const { services, stopping } = world.process();
  stopping.abort();
  let result: PushResult | undefined;
  void pushChunk(chunkMessageOf(made.chunks[0]!, made.row), services).then((kind) => (result = kind));
  await world.clock.run(() => result !== undefined, HOUR);
  assert.equal(result?.kind, 'deferred');
  assert.equal(world.service.requests.length, 0);
  assert.equal((await readChunk(world.tables.chunks, made.row.exportId, 1))!.row.owner, '');
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
});
