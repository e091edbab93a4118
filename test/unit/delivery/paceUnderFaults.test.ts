import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

type Weather = { readonly failing: number; readonly latencyMs: number; readonly seed: number };

/** Virtual ms that 480 batches take, and what they cost, when a share of requests is answered 503 at random. */
async function timed({
  failing,
  latencyMs,
  seed,
}: Weather): Promise<{ ms: number; requests: number; failures: number }> {
  const world: DeliveryWorld = new DeliveryWorld({
    seed,
    settings: { maxInFlight: 8 },
    service: {
      latency: () => latencyMs,
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

for (const latencyMs of [5, 50, 250, 1_000, 5_000]) {
  test(`with ${latencyMs} ms a request, 5 % random 503 leave at least 60 % of the pace, 30 % at least 20 %, and no request is wasted`, async () => {
    for (const seed of [11, 12, 13]) {
      const healthy = await timed({ failing: 0, latencyMs, seed });
      for (const [failing, least] of [
        [0.05, 0.6],
        [0.3, 0.2],
      ] as const) {
        const { ms, requests, failures } = await timed({ failing, latencyMs, seed });
        assert.ok(healthy.ms / ms >= least, `${healthy.ms / ms} at ${failing}, seed ${seed}`);
        assert.ok(failures > 0 && requests - failures <= 480 * 1.5);
      }
    }
  });
}
