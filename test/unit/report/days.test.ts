import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays, boundsOf, dayOf, instantOn, utcDaysOf } from '../../../shared/report/days.ts';

const HOUR = 3_600_000;

test('a day is 23 hours long when clocks go forward and 25 when they go back', () => {
  const hours = (day: string): number =>
    (boundsOf(day, 'America/Chicago').to - boundsOf(day, 'America/Chicago').from) / HOUR;
  assert.deepEqual(['2026-03-08', '2026-03-09', '2026-11-01'].map(hours), [23, 24, 25]);
});

test('an instant belongs to the day of the zone, not of UTC', () => {
  const instant = Date.parse('2026-11-22T03:30:00Z');
  assert.equal(dayOf(instant, 'UTC'), '2026-11-22');
  assert.equal(dayOf(instant, 'America/Chicago'), '2026-11-21');
  assert.equal(dayOf(instant, 'Pacific/Auckland'), '2026-11-22');
});

test('every instant lies in exactly one day, across both changes of the clock', () => {
  for (const zone of ['UTC', 'America/Chicago', 'Europe/Berlin', 'Australia/Lord_Howe']) {
    for (const start of ['2026-03-01', '2026-10-20']) {
      let day = start;
      for (let count = 0; count < 40; count += 1) {
        const { from, to } = boundsOf(day, zone);
        assert.equal(dayOf(from, zone), day);
        assert.equal(dayOf(to - 1, zone), day);
        assert.equal(boundsOf(addDays(day, 1), zone).from, to);
        day = addDays(day, 1);
      }
    }
  }
});

test('a wall-clock time that the change of clocks skips is taken an hour later', () => {
  assert.equal(
    new Date(instantOn('2026-03-08', '02:30', 'America/Chicago')).toISOString(),
    '2026-03-08T08:30:00.000Z',
  );
  assert.equal(
    new Date(instantOn('2026-03-09', '02:30', 'America/Chicago')).toISOString(),
    '2026-03-09T07:30:00.000Z',
  );
});

test('a day of a zone touches at most two days of UTC', () => {
  assert.deepEqual(utcDaysOf('2026-11-21', 'UTC'), ['2026-11-21']);
  assert.deepEqual(utcDaysOf('2026-11-21', 'America/Chicago'), ['2026-11-21', '2026-11-22']);
  assert.deepEqual(utcDaysOf('2026-11-21', 'Pacific/Auckland'), ['2026-11-20', '2026-11-21']);
});
