import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../../shared/clock.ts';
import { ServerClock } from '../../../shared/storage/serverClock.ts';
import { seededRandom } from '../../support/virtualClock.ts';

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

test('a clock that is right to what a Date header tells is left alone', async () => {
  const clock = new ServerClock(clockAt({ now: NOW + 400, monotonic: 0 }));
  await observe(clock, NOW + 700);
  assert.equal(clock.now(), NOW + 400);
});

test('a clock a day behind or ahead is corrected to the half second by the first answer', async () => {
  for (const hours of [-24, 24]) {
    const clock = new ServerClock(clockAt({ now: NOW, monotonic: 0 }));
    await observe(clock, NOW + hours * 3_600_000);
    assert.ok(Math.abs(clock.now() - NOW - hours * 3_600_000) <= 500);
  }
});

test('clocks that differ by seconds agree to a tenth after some answers', async () => {
  const random = seededRandom(7);
  const apart: number[] = [];
  for (const skew of [-2_000, -900, 0, 900, 2_000]) {
    const local = { now: NOW + skew, monotonic: 1_234 };
    const clock = new ServerClock(clockAt(local));
    const pass = (ms: number): void => {
      local.now += ms;
      local.monotonic += ms;
    };
    for (let answer = 0; answer < 60; answer++) {
      pass(500 * random());
      await clock.observe(
        () => {
          pass(20 * random());
          const date = new Date(local.now - skew).toUTCString();
          pass(20 * random());
          return Promise.resolve(date);
        },
        (date) => date,
      );
    }
    apart.push(clock.now() - (local.now - skew));
  }
  assert.ok(
    apart.every((ms) => Math.abs(ms) < 100),
    apart.map(Math.round).join(),
  );
});

test('a service whose clock is set takes the time along', async () => {
  const clock = new ServerClock(clockAt({ now: NOW, monotonic: 0 }));
  await observe(clock, NOW);
  await observe(clock, NOW - 60_000);
  assert.ok(Math.abs(clock.now() - (NOW - 60_000)) <= 1_000);
});

test('an answer that bears no date says nothing, one that took long little', async () => {
  const local = { now: NOW, monotonic: 0 };
  const clock = new ServerClock(clockAt(local));
  await observe(clock, 'not a date');
  await clock.observe(
    () => {
      local.now += 50_000;
      local.monotonic += 50_000;
      return Promise.resolve(new Date(NOW + 40_000).toUTCString());
    },
    (answer) => answer,
  );
  assert.equal(clock.now(), NOW + 50_000);
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
