import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

/** Virtual ms that 480 batches take, and what they cost, when a share of requests is answered 503 at random. */
async function timed(failing: number): Promise<{ ms: number; requests: number; failures: number }> {
  const world: DeliveryWorld = new DeliveryWorld({
    seed: 11,
    settings: { maxInFlight: 8 },
    service: {
      latency: () => 250,
      misbehave: () => (world.random() < failing ? { kind: 'refusing', status: 503 } : undefined),
    },
  });
  await world.export({ chunks: 12, batches: 40, recordsPerRequest: 2 });
  assert.ok(await world.deliver(86_400_000));
  assert.deepEqual(await judgeWorld(world), []);
  const { requests } = world.service;
  const ms = requests.at(-1)!.at - requests[0]!.at;
  return {
    ms,
    requests: requests.length,
    failures: requests.filter(({ outcome }) => outcome === 'HTTP_503').length,
  };
}

test('5 % random 503 leave at least 60 % of the pace, 30 % at least 20 %, and no request is wasted', async () => {
  const healthy = await timed(0);
  const some = await timed(0.05);
  const many = await timed(0.3);
  const share = (ms: number): number => healthy.ms / ms;
  assert.ok(share(some.ms) >= 0.6, `${share(some.ms)} at 5 %`);
  assert.ok(share(many.ms) >= 0.2, `${share(many.ms)} at 30 %`);
  for (const { requests, failures } of [some, many]) assert.ok(requests - failures <= 480 * 1.5);
});
