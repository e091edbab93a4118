import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdaptiveLimit, type Sample } from '../../../shared/delivery/pacing.ts';

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

/**
 * The limit after a round of eight: the first is answered well, which doubles it to 16, seven end as said, and one that started
 * after them ends the round.
 */
function afterRound(...kinds: Sample['kind'][]): AdaptiveLimit {
  const limit = new AdaptiveLimit(64);
  const [first, ...rest] = Array.from({ length: 8 }, () => limit.start());
  limit.end(first!, { kind: 'well', durationMs: 100 });
  assert.equal(limit.limit, 16);
  rest.forEach((request, i) => {
    limit.end(request, { kind: kinds[i] ?? 'well', durationMs: kinds[i] === undefined ? 100 : 9_000 });
  });
  assert.equal(limit.limit, 16, 'judged once a round');
  limit.end(limit.start(), { kind: 'well', durationMs: 100 });
  return limit;
}

test('a round under pressure takes away by how many failed and how', () => {
  const [pressed, throttled] = ['pressed', 'throttled'] as const;
  const cases: [kinds: Sample['kind'][], limit: number][] = [
    [[throttled], 12], // three quarters of 16
    [[throttled, throttled, throttled], 12],
    // Judged over about 16 requests more: a few that fail together may be chance.
    [[pressed], 15], // 1 - (1/8 of 8/24) / 3 of it
    [[pressed, pressed, pressed, pressed, pressed], 14], // 1 - (5/8 of 8/24) / 3
    [[throttled, pressed, pressed, pressed], 12],
  ];
  for (const [kinds, expected] of cases) assert.equal(afterRound(...kinds).limit, expected, kinds.join(' '));
});

test('round after round in which most fail is no chance any more: halved', () => {
  const limit = new AdaptiveLimit(8);
  const seen = [1, 2, 3, 4, 5].map(() => {
    round(limit, 100, 'pressed');
    return limit.limit;
  });
  // Twice a share of what is remembered; from then on most of it failed.
  assert.deepEqual(seen, [7, 6, 3, 1, 1]);
});

test('how long failures took says nothing of the round trip', () => {
  assert.equal(afterRound('pressed', 'throttled').roundTripMs, 100);
  const limit = new AdaptiveLimit(8);
  for (const kind of ['pressed', 'well', 'throttled', 'pressed', 'well'] as const)
    limit.end(limit.start(), { kind, durationMs: kind === 'well' ? 100 : 9_000 });
  assert.equal(limit.roundTripMs, 100);
});

test('after the first pressure a limit that is used grows by one a round, one that is not stays', () => {
  const used = afterRound('throttled');
  const seen = [1, 2, 3].map(() => {
    round(used, 100);
    return used.limit;
  });
  assert.deepEqual(seen, [12, 13, 14]);
  const idle = afterRound('throttled');
  for (let i = 0; i < 100; i++) idle.end(idle.start(), { kind: 'well', durationMs: 100 });
  assert.equal(idle.limit, 12);
});

test('the mean follows round trips, and only a clear rise over it takes a tenth away', () => {
  const after = (...durations: number[]): [limit: number, mean: number] => {
    const limit = new AdaptiveLimit(64);
    for (const durationMs of durations) limit.end(limit.start(), { kind: 'well', durationMs });
    return [limit.limit, Math.round(limit.roundTripMs)];
  };
  assert.deepEqual(after(), [8, 0]);
  // Half of the mean.
  assert.deepEqual(after(100, 150), [8, 120]);
  assert.deepEqual(after(100, 151), [7, 120]);
  // 20 ms, for a fast service.
  assert.deepEqual(after(5, 25), [8, 13]);
  assert.deepEqual(after(5, 26), [7, 13]);
  // 2.5 deviations of 28 ms around a mean of 72 ms, for one that varies …
  assert.deepEqual(after(100, 30, 141), [8, 100]);
  assert.deepEqual(after(100, 30, 143), [7, 100]);
  // … and of 16.8 ms, once it varies less.
  assert.deepEqual(after(100, 30, 72, 113), [8, 88]);
  assert.deepEqual(after(100, 30, 72, 115), [7, 89]);
});

test('a request that never went out teaches nothing', () => {
  const limit = new AdaptiveLimit(64);
  const requests = Array.from({ length: 8 }, () => limit.start());
  assert.equal(limit.inFlight, 8);
  for (const request of requests) limit.end(request);
  assert.deepEqual([limit.inFlight, limit.limit, limit.roundTripMs], [0, 8, 0]);
});

test('a ceiling below 8 holds from the start', () => {
  const limit = new AdaptiveLimit(3);
  assert.equal(limit.limit, 3);
  round(limit, 100);
  assert.equal(limit.limit, 3);
});
