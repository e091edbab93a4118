import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listChunks } from '../../../shared/ledger/chunks.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

const HOUR = 3_600_000;

test('the pin vanishes in the middle: what was in flight is finished, the rest counts as failed, the byte range is named', async () => {
  const world = new DeliveryWorld({ seed: 1, batchSize: 1, settings: { maxInFlight: 2 } });
  const made = await world.export({ chunks: 4, batches: 4, recordsPerRequest: 4 });
  world.start();
  assert.ok(await world.clock.run(() => world.service.requests.length >= 6, HOUR));
  world.blobs.destroy(made.source);
  assert.ok(await world.resume(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
  const row = world.exportRow(made.row);
  assert.equal(row.state, 'sourceLost');
  assert.equal(row.accepted, world.service.taken.size);
  assert.ok(row.accepted >= 16 && row.failed > 0);
  const { start, end } = made.chunks[2]!;
  assert.equal(row.reasons[0]?.code, 'SOURCE_LOST');
  assert.ok(row.reasons.some(({ cause }) => cause.includes(`Bytes ${start} to ${end}`)));
  assert.ok(world.logged.some(({ event }) => event === 'export.sourceLost'));
});

test('pinned bytes that are no longer what was split never pass for delivered', async () => {
  const world = new DeliveryWorld({ seed: 2 });
  const made = await world.export({ chunks: 3, batches: 2, recordsPerRequest: 4 });
  const content = Buffer.from(world.blobs.content(made.source)!);
  const { start, end } = made.chunks[1]!;
  content.write('#', content.indexOf('"said', start) + 1);
  world.blobs.put(made.source, content);
  assert.ok(await world.deliver(HOUR));
  const row = world.exportRow(made.row);
  assert.equal(row.state, 'sourceLost');
  assert.equal(row.accepted + row.failed, row.records);
  assert.match(
    row.reasons[0]!.cause,
    new RegExp(`Bytes ${start} to ${end} .* no longer what was split`, 'u'),
  );
  const chunks = await listChunks(world.tables.chunks, row.exportId);
  assert.equal(chunks[1]!.row.state, 'failed');
});

for (const cut of [3, 0]) {
  test(`a pin that ends ${cut === 0 ? 'a record' : 'in the middle of a record'} early is not what was split`, async () => {
    const world = new DeliveryWorld({ seed: 3 });
    const made = await world.export({ chunks: 1, batches: 2, recordsPerRequest: 4 });
    const content = world.blobs.content(made.source)!;
    const last = made.records.at(-1)!.line.length;
    world.blobs.put(made.source, content.subarray(0, content.length - (cut || last)));
    assert.ok(await world.deliver(HOUR));
    assert.deepEqual(world.poisoned, []);
    assert.equal(world.exportRow(made.row).state, 'sourceLost');
  });
}
