import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ConnectorGate } from '../../../shared/delivery/connectorGate.ts';
import { MemoryTable } from '../../support/memoryStores.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const HOUR = 3_600_000;
let clock: VirtualClock;
/** How long the answer to each read is under way, ms; then none. */
let delays: number[];
let reads: number[];
let gate: ConnectorGate;

beforeEach(() => {
  clock = new VirtualClock();
  delays = [];
  reads = [];
  const table = new MemoryTable('connectors', {
    hook: async ({ operation, when }) => {
      if (operation !== 'get') return;
      if (when === 'before') reads.push(clock.monotonic());
      else await clock.sleep(delays.shift() ?? 0);
    },
  });
  gate = new ConnectorGate(table, 'healthcare', clock);
});

/** Let time pass until each was answered; when that was, in ms. */
async function answered(...waiting: readonly Promise<unknown>[]): Promise<number[]> {
  const at: number[] = [];
  const ends = waiting.map((each, index) => each.then(() => (at[index] = clock.monotonic())));
  let done = false;
  void Promise.all(ends).then(() => (done = true));
  assert.ok(await clock.run(() => done, HOUR));
  return at;
}

test('who asks while a read is under way gets the next one, together with all others who do', async () => {
  delays = [100, 100];
  const first = gate.fresh();
  await clock.run(() => false, 50);
  assert.deepEqual(await answered(first, gate.fresh(), gate.fresh()), [100, 200, 200]);
  assert.deepEqual(reads, [0, 100]);
});

test('an answer older than 250 ms when it comes is asked for anew; waiting for one’s turn does not age it', async () => {
  delays = [251, 250];
  assert.deepEqual(await answered(gate.fresh()), [501]);
  assert.deepEqual(reads, [0, 251]);

  delays = [200, 200];
  const first = gate.fresh();
  await clock.run(() => false, 10);
  await answered(first, gate.fresh());
  assert.equal(reads.length, 4);
});

test('a ledger that is slow three times in a row is believed, or nothing would go out any more', async () => {
  delays = [400, 400, 400, 400];
  assert.deepEqual(await answered(gate.fresh()), [1_200]);
  assert.equal(reads.length, 3);
});

test('what was seen lately is as old as the question, not as the answer', async () => {
  delays = [200];
  await answered(gate.fresh());
  assert.equal(gate.recent(199), undefined);
  assert.equal(gate.recent(200)?.connector, 'healthcare');
});
