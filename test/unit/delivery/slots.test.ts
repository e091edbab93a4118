import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as check, nat, property } from 'fast-check';
import { fairShares, SlotLease, slotsFor, type SlotOptions } from '../../../shared/delivery/slots.ts';
import { MemoryTable } from '../../support/memoryStores.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

test('shares are fair: never more than wanted, nothing left while somebody wants', () => {
  check(
    property(array(nat(50), { minLength: 1, maxLength: 6 }), nat(100), (wants, total) => {
      const shares = fairShares(wants, total);
      const sum = shares.reduce((a, b) => a + b, 0);
      assert.ok(shares.every((share, i) => share <= wants[i]!));
      assert.equal(
        sum,
        Math.min(
          total,
          wants.reduce((a, b) => a + b, 0),
        ),
      );
    }),
  );
  assert.deepEqual(fairShares([32, 32], 32), [16, 16]);
  assert.deepEqual(fairShares([4, 32, 32], 32), [4, 14, 14]);
});

test('nobody takes what another still holds, nor gives up what is in flight', () => {
  const other = { owner: 'a', slots: 30, wants: 32, until: 0 };
  assert.equal(slotsFor([other], { wants: 32, inFlight: 0 }, 32), 2);
  assert.equal(slotsFor([{ ...other, slots: 2 }], { wants: 32, inFlight: 20 }, 32), 20);
});

function holder(
  owner: string,
  table: MemoryTable,
  clock: VirtualClock,
  demand: SlotOptions['demand'],
): SlotLease {
  return new SlotLease({
    table,
    connectorKey: 'c',
    owner,
    clock,
    total: 32,
    leaseMs: 15_000,
    renewMs: 1_000,
    demand,
    granted: () => undefined,
  });
}

test('a second instance has its share within seconds; one that is done gives its own back', async () => {
  const clock = new VirtualClock();
  const table = new MemoryTable('connectors');
  const wants = { a: 32, b: 32 };
  const a = holder('a', table, clock, () => ({ wants: wants.a, inFlight: 0 }));
  const b = holder('b', table, clock, () => ({ wants: wants.b, inFlight: 0 }));
  a.wake();
  await clock.run(() => a.slots === 32, 1_000);
  assert.equal(a.slots, 32);
  b.wake();
  assert.ok(await clock.run(() => a.slots === 16 && b.slots === 16, 5_000));
  wants.a = 0;
  assert.ok(await clock.run(() => b.slots === 32, 10_000));
  assert.equal(a.slots, 0);
});

test('the slots of an instance that died are free again when its lease ends', async () => {
  const clock = new VirtualClock();
  const table = new MemoryTable('connectors');
  const dead = { owner: 'dead', slots: 32, wants: 32, until: clock.now() + 15_000 };
  await table.insert({ partitionKey: 'c', rowKey: 'slots', holders: JSON.stringify([dead]) });
  const b = holder('b', table, clock, () => ({ wants: 32, inFlight: 0 }));
  b.wake();
  assert.ok(!(await clock.run(() => b.slots > 0, 14_000)));
  assert.ok(await clock.run(() => b.slots === 32, 3_000));
});

test('a lease that cannot be renewed ends, and with it the right to send', async () => {
  const clock = new VirtualClock();
  const faults = { out: false };
  const table = new MemoryTable('connectors', {
    hook: () => {
      if (faults.out) throw new Error('storage is out');
    },
  });
  const a = holder('a', table, clock, () => ({ wants: 8, inFlight: 0 }));
  a.wake();
  assert.ok(await clock.run(() => a.slots === 8, 1_000));
  faults.out = true;
  await clock.run(() => false, 16_000);
  assert.equal(a.slots, 0);
});
