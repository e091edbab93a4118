import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdaptiveLimit } from '../../../shared/delivery/pacing.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

/** One round: as many requests as the limit allows, all ending alike. */
function round(
  limit: AdaptiveLimit,
  durationMs: number,
  kind: 'well' | 'pressed' | 'throttled' = 'well',
): void {
  const requests = Array.from({ length: limit.limit }, () => limit.start());
  for (const request of requests) limit.end(request, { kind, durationMs });
}

test('the limit starts at 8 and doubles each round up to the ceiling while nothing presses', () => {
  const limit = new AdaptiveLimit(50);
  const seen = [limit.limit];
  for (let i = 0; i < 4; i++) {
    round(limit, 100);
    seen.push(limit.limit);
  }
  assert.deepEqual(seen, [8, 16, 32, 50, 50]);
});

test('429 and failures of all requests bring it down to 1, good rounds up again one by one', () => {
  for (const kind of ['pressed', 'throttled'] as const) {
    const limit = new AdaptiveLimit(32);
    for (let i = 0; i < 60; i++) round(limit, 100, kind);
    assert.equal(limit.limit, 1);
    const grown = [1, 2, 3, 4, 5, 6].map(() => {
      round(limit, 100);
      return limit.limit;
    });
    assert.ok(grown.at(-1)! >= 4 && grown.at(-1)! <= 8, String(grown));
  }
});

test('round trips that grow with the load end the doubling', () => {
  const limit = new AdaptiveLimit(256);
  // The service works on 10 at a time: more only wait longer.
  for (let i = 0; i < 6; i++) round(limit, 100 * Math.max(1, limit.limit / 10));
  assert.ok(limit.limit <= 40, String(limit.limit));
});

test('a limit that is not used does not grow', () => {
  const limit = new AdaptiveLimit(64);
  for (let i = 0; i < 20; i++) limit.end(limit.start(), { kind: 'well', durationMs: 50 });
  assert.equal(limit.limit, 8);
});

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
