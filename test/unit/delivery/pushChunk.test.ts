import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

test('an export is delivered, each good record once, refused ones in quarantine', async () => {
  const world = new DeliveryWorld({ seed: 1 });
  const made = await world.export({ chunks: 3, batches: 3, recordsPerRequest: 4, invalid: 0.1 });
  assert.ok(await world.deliver());
  assert.deepEqual(await judgeWorld(world), []);
  const row = world.exportRow(made.row);
  assert.equal(row.possiblyDuplicated, 0);
  assert.equal(row.requests, 9);
});
