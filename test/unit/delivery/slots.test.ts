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
  assert.deepEqual(fairShares([32, 4, 32], 32), [14, 4, 14]);
  assert.deepEqual(fairShares([32, 32], 33), [17, 16]);
});

test('nobody takes what another still holds, nor gives up what is in flight', () => {
  const other = { owner: 'a', slots: 30, wants: 32, until: 0 };
  assert.equal(slotsFor([other], { wants: 32, inFlight: 0 }, 32), 2);
  assert.equal(slotsFor([{ ...other, slots: 2 }], { wants: 32, inFlight: 20 }, 32), 20);
  assert.equal(slotsFor([{ ...other, slots: 40 }], { wants: 32, inFlight: 0 }, 32), 0);
  assert.equal(slotsFor([{ ...other, slots: 4, wants: 4 }], { wants: 10, inFlight: 0 }, 32), 10);
  assert.equal(slotsFor([], { wants: 5, inFlight: 0 }, 32), 5);
});

function holder(
  owner: string,
  table: MemoryTable,
  clock: VirtualClock,
  demand: SlotOptions['demand'],
  granted: SlotOptions['granted'] = () => undefined,
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
    granted,
  });
}

/** Who holds what, as the ledger has it. */
async function held(table: MemoryTable): Promise<unknown> {
  const stored = await table.get('c', 'slots');
  return stored && JSON.parse(String(stored.row['holders']));
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

test('the ledger says who holds how many until when; renewed each second while there is demand', async () => {
  const clock = new VirtualClock();
  const table = new MemoryTable('connectors');
  let grants = 0;
  const a = holder('a', table, clock, () => ({ wants: 8, inFlight: 3 }), () => grants++); // prettier-ignore
  assert.equal(a.slots, 0);
  a.wake();
  a.wake();
  await clock.run(() => a.slots === 8, 1_000);
  const first = clock.now();
  assert.deepEqual(await held(table), [{ owner: 'a', slots: 8, wants: 8, until: first + 15_000 }]);
  await clock.run(() => false, 10_500);
  assert.deepEqual(await held(table), [{ owner: 'a', slots: 8, wants: 8, until: first + 25_000 }]);
  assert.equal(grants, 11);
});

test('one in a hurry renews within 200 ms, and once', async () => {
  const clock = new VirtualClock();
  const table = new MemoryTable('connectors');
  let wants = 4;
  let grants = 0;
  const a = holder('a', table, clock, () => ({ wants, inFlight: 0 }), () => grants++); // prettier-ignore
  a.wake();
  await clock.run(() => a.slots === 4, 1_000);
  wants = 8;
  a.hurry();
  await clock.run(() => false, 199);
  assert.equal(a.slots, 4);
  assert.ok(await clock.run(() => a.slots === 8, 1));
  await clock.run(() => false, 999);
  assert.equal(grants, 2);
  await clock.run(() => false, 1);
  assert.equal(grants, 3);
  await clock.run(() => false, 500);
  wants = 16;
  a.hurry();
  assert.ok(await clock.run(() => a.slots === 16, 0), 'a nap is cut short');
});

test('slots without demand are given back after two renewals, and taken again on demand', async () => {
  const clock = new VirtualClock();
  const table = new MemoryTable('connectors');
  let wants = 8;
  const a = holder('a', table, clock, () => ({ wants, inFlight: 0 }));
  a.wake();
  await clock.run(() => a.slots === 8, 1_000);
  wants = 0;
  await clock.run(() => false, 3_100);
  assert.deepEqual(await held(table), []);
  await clock.run(() => false, 60_000);
  const { etag } = (await table.get('c', 'slots'))!;
  await clock.run(() => false, 60_000);
  assert.equal((await table.get('c', 'slots'))!.etag, etag, 'nothing is written without demand');
  wants = 8;
  a.wake();
  assert.ok(await clock.run(() => a.slots === 8, 1_000));
});

test('closing gives back at once all but what is in flight, and takes no more', async () => {
  const clock = new VirtualClock();
  const table = new MemoryTable('connectors');
  const demand = { wants: 8, inFlight: 3 };
  const a = holder('a', table, clock, () => demand);
  a.wake();
  await clock.run(() => a.slots === 8, 1_000);
  const end = a.close();
  await clock.run(() => false, 0);
  await end;
  assert.equal(a.slots, 3);
  assert.deepEqual(await held(table), [{ owner: 'a', slots: 3, wants: 8, until: clock.now() + 15_000 }]);
  await clock.run(() => false, 15_000);
  assert.equal(a.slots, 0, 'nobody renews');
});

test('instances that come at once never hold more than all together may', async () => {
  const clock = new VirtualClock();
  const table = new MemoryTable('connectors');
  const all = ['a', 'b', 'c'].map((owner) => holder(owner, table, clock, () => ({ wants: 32, inFlight: 0 })));
  let most = 0;
  for (const each of all) each.wake();
  await clock.run(() => false, 0);
  assert.equal(((await held(table)) as unknown[]).length, 3, 'who lost a write tries again at once');
  const settled = await clock.run(() => {
    const slots = all.map((each) => each.slots);
    most = Math.max(most, slots.reduce((sum, each) => sum + each, 0)); // prettier-ignore
    return slots.every((each) => each >= 10);
  }, 5_000);
  assert.ok(settled);
  assert.equal(most, 32);
});

/** A table of which every call of an operation can be made to fail, or to wait. */
function aTable() {
  const during: { replace?: () => Promise<void> | undefined } = {};
  const table = new MemoryTable('connectors', {
    hook: ({ operation, when }) =>
      operation === 'replace' && when === 'before' ? during.replace?.() : undefined,
  });
  return { table, during };
}

test('slots that are needed are kept without a gap', async () => {
  const clock = new VirtualClock();
  const table = new MemoryTable('connectors');
  let grants = 0;
  const demand = { wants: 0, inFlight: 2 };
  const a = holder('a', table, clock, () => demand, () => grants++); // prettier-ignore
  demand.wants = 8;
  a.wake();
  await clock.run(() => a.slots === 8, 1_000);
  assert.equal(await clock.run(() => a.slots < 8, 20_000), false);
  // Requests in flight are demand, too, even when nothing more is wanted.
  demand.wants = 0;
  const before = grants;
  await clock.run(() => false, 10_000);
  assert.equal(grants - before, 10);
  assert.deepEqual(await held(table), [{ owner: 'a', slots: 2, wants: 0, until: clock.now() + 15_000 }]);
});

test('slots are lowered before the ledger says so, and raised after', async () => {
  const clock = new VirtualClock();
  const { table, during } = aTable();
  let wants = 8;
  const a = holder('a', table, clock, () => ({ wants, inFlight: 0 }));
  a.wake();
  await clock.run(() => a.slots === 8, 1_000);
  let go = (): void => undefined;
  during.replace = () => new Promise((resolve) => (go = resolve));
  wants = 5;
  assert.ok(await clock.run(() => a.slots === 5, 1_001));
  assert.deepEqual((await held(table)) as unknown[], [
    { owner: 'a', slots: 8, wants: 8, until: clock.now() - 1_000 + 15_000 },
  ]);
  go();
  wants = 9;
  await clock.run(() => false, 1_000);
  assert.equal(a.slots, 5);
  go();
  assert.ok(await clock.run(() => a.slots === 9, 0));
});

test('one that gets in a hurry during a renewal is heard', async () => {
  const clock = new VirtualClock();
  const { table, during } = aTable();
  let wants = 4;
  const a = holder('a', table, clock, () => ({ wants, inFlight: 0 }));
  a.wake();
  await clock.run(() => a.slots === 4, 1_000);
  during.replace = () => {
    delete during.replace;
    wants = 8;
    a.hurry();
    return undefined;
  };
  await clock.run(() => during.replace === undefined, 1_000);
  await clock.run(() => a.slots === 8, 201);
  assert.equal(a.slots, 8);
});

test('a ledger that takes no writes ends the lease; nobody asks it without end', async () => {
  const clock = new VirtualClock();
  const { table, during } = aTable();
  const a = holder('a', table, clock, () => ({ wants: 8, inFlight: 0 }));
  a.wake();
  await clock.run(() => a.slots === 8, 1_000);
  let asked = 0;
  during.replace = () => {
    asked++;
    throw new Error('storage is out');
  };
  await clock.run(() => false, 16_000);
  assert.deepEqual([a.slots, asked], [0, 16]);
});

test('demand that comes while the slots are being given back is met', async () => {
  const clock = new VirtualClock();
  const { table, during } = aTable();
  let wants = 8;
  const a = holder('a', table, clock, () => ({ wants, inFlight: 0 }));
  a.wake();
  await clock.run(() => a.slots === 8, 1_000);
  wants = 0;
  await clock.run(() => false, 2_900);
  during.replace = () => {
    wants = 8;
    a.wake();
    return undefined;
  };
  await clock.run(() => wants === 8, 200);
  assert.ok(await clock.run(() => a.slots === 8, 1_000));
});
