import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancelExport } from '../../../shared/delivery/control.ts';
import { replay } from '../../../shared/delivery/replay.ts';
import { listChunks } from '../../../shared/ledger/chunks.ts';
import { FINAL_EXPORT_STATES } from '../../../shared/ledger/model.ts';
import type { MadeExport } from '../../support/deliveryExport.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { worldWithGap } from '../../support/gapWorld.ts';
import { Killed, KillableProcess } from '../../support/killable.ts';
import { judgeWorld } from '../../support/oracle.ts';

const HOUR = 3_600_000;

/** A world in which an export has come to rest, and is to be replayed. */
type Rested = { readonly world: DeliveryWorld; readonly made: MadeExport };

const cases: Record<string, () => Promise<Rested>> = {
  'records that the service did not save': worldWithGap,
  async 'one cancelled in the middle of batches in parts, of which some were repeated'() {
    let silent = 0;
    const world = new DeliveryWorld({
      seed: 15,
      settings: { maxInFlight: 1 },
      service: {
        misbehave: ({ number }) =>
          number === 1 && silent++ === 0 ? { kind: 'silent', taken: true } : undefined,
      },
    });
    const made = await world.export({
      chunks: 2,
      batches: 2,
      recordsPerRequest: 32,
      plan: { maxBodyBytes: 400 },
    });
    world.start();
    await world.clock.run(() => [...world.service.taken.values()].some((times) => times > 1), HOUR);
    await cancelExport(made.row, world.process().services);
    assert.ok(await world.resume(HOUR));
    return { world, made };
  },
  async 'a batch held for a human'() {
    const world = new DeliveryWorld({
      seed: 3,
      service: { misbehave: ({ number }) => (number === 1 ? { kind: 'silent', taken: true } : undefined) },
    });
    const plan = { onUnknownOutcome: 'hold' } as const;
    const made = await world.export({ chunks: 2, batches: 3, recordsPerRequest: 8, plan });
    assert.ok(!(await world.deliver(HOUR)));
    return { world, made };
  },
};

for (const [what, rest] of Object.entries(cases)) {
  test(`a replay killed at any call leaves figures that add up, and the next one completes it: ${what}`, async () => {
    for (let killAt = 1; ; killAt++) {
      const { world, made } = await rest();
      const process = new KillableProcess(killAt);
      await replay(made.row, world.splitServices(process)).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      await world.resume(2 * HOUR);
      const where = `killed at ${killAt}`;
      const { state } = world.exportRow(made.row);
      if (FINAL_EXPORT_STATES.has(state)) assert.deepEqual(await judgeWorld(world), [], where);
      else {
        // It waits to be replayed, and says so.
        const chunks = await listChunks(world.tables.chunks, made.row.exportId);
        assert.ok(
          chunks.some(({ row }) => row.state === 'held'),
          `${where}: ${state}`,
        );
      }
      await replay(made.row, world.splitServices());
      await world.resume(2 * HOUR);
      assert.equal(world.exportRow(made.row).state, 'completed', where);
      assert.deepEqual(await judgeWorld(world), [], where);
      assert.deepEqual(
        world.blobs.addresses('exports').filter(({ snapshot }) => (snapshot ?? '') > '1'),
        [],
        where,
      );
      if (!process.dead) break;
    }
  });
}
