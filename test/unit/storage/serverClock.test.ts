import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../../shared/clock.ts';
import { ServerClock } from '../../../shared/storage/serverClock.ts';

const NOW = Date.UTC(2026, 10, 21, 6);

function clockAt(local: { now: number; monotonic: number }): Clock {
  return { now: () => local.now, monotonic: () => local.monotonic, sleep: () => Promise.resolve() };
}

async function observe(clock: ServerClock, serverTime: number | string): Promise<void> {
  const date = typeof serverTime === 'string' ? serverTime : new Date(serverTime).toUTCString();
  await clock.observe(
    () => Promise.resolve(date),
    (answer) => answer,
  );
}

test('a difference of up to two seconds counts as none', async () => {
  const clock = new ServerClock(clockAt({ now: NOW, monotonic: 0 }));
  await observe(clock, NOW + 1_000);
  assert.equal(clock.now(), NOW);
  await observe(clock, NOW - 2_000);
  assert.equal(clock.now(), NOW);
});

test('a clock a day behind or ahead is corrected to the half second', async () => {
  for (const hours of [-24, 24]) {
    const clock = new ServerClock(clockAt({ now: NOW, monotonic: 0 }));
    await observe(clock, NOW + hours * 3_600_000);
    assert.ok(Math.abs(clock.now() - NOW - hours * 3_600_000) <= 500);
  }
});

test('a clock that is set right later loses its correction', async () => {
  const local = { now: NOW - 60_000, monotonic: 0 };
  const clock = new ServerClock(clockAt(local));
  await observe(clock, NOW);
  assert.ok(clock.skewMs > 59_000);
  local.now = NOW;
  await observe(clock, NOW);
  assert.equal(clock.skewMs, 0);
});

test('an answer that took long, or bears no date, says nothing', async () => {
  const local = { now: NOW, monotonic: 0 };
  const clock = new ServerClock(clockAt(local));
  await clock.observe(
    () => {
      local.monotonic += 5_000;
      return Promise.resolve(new Date(NOW + 60_000).toUTCString());
    },
    (answer) => answer,
  );
  await observe(clock, 'not a date');
  assert.equal(clock.skewMs, 0);
});

test('a clock that is set by a day between two answers changes nothing, and time goes on', async () => {
  const local = { now: NOW, monotonic: 0 };
  const clock = new ServerClock(clockAt(local));
  await observe(clock, NOW);
  for (const step of [-86_400_000, 86_400_000]) {
    local.now += step;
    local.monotonic += 1_000;
    assert.equal(clock.now(), NOW + local.monotonic);
  }
});
