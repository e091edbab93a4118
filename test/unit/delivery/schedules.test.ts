import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSchedule } from '../../support/schedule.ts';

// A schedule that failed once becomes a test of its own (batchBook.test.ts has the first): its number means another schedule as soon
// as the weather of test/support/schedule.ts changes.
const count = Number(process.env['SCHEDULES'] ?? 1000);
const first = Number(process.env['FIRST_SEED'] ?? 1);

test(`${count} schedules of faults from seed ${first}: nothing lost, spurious, altered, stuck or repeated without account`, async () => {
  for (let seed = first; seed < first + count; seed++) {
    assert.deepEqual(await runSchedule(seed), [], `Repeat with FIRST_SEED=${seed} SCHEDULES=1.`);
  }
});
