import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Completion } from '../../../shared/delivery/completion.ts';
import { changeChunk } from '../../../shared/ledger/chunks.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';

const CHUNKS = 256;

const orders: Readonly<Record<string, (chunks: number[]) => number[]>> = {
  'in order': (chunks) => chunks,
  'last first': (chunks) => chunks.toReversed(),
  shuffled: (chunks) => chunks.toSorted((a, b) => ((a * 7919) % CHUNKS) - ((b * 7919) % CHUNKS)),
};

for (const [name, order] of Object.entries(orders)) {
  test(`an export of ${CHUNKS} chunks ends with the last of them, and is listed a few times only: ${name}`, async () => {
    const world = new DeliveryWorld({ seed: 1 });
    const made = await world.export({ chunks: CHUNKS, batches: 1, recordsPerRequest: 1 });
    const { chunks } = world.tables;
    let listings = 0;
    const counted = new Proxy(chunks, {
      get(target, property) {
        if (property === 'list') listings++;
        const method = Reflect.get(target, property, target) as (...args: unknown[]) => unknown;
        return method.bind(target);
      },
    });
    const services = { ...world.process().services, tables: { ...world.tables, chunks: counted } };
    const completion = new Completion();
    const numbers = order(made.chunks.map(({ chunk }) => chunk));
    for (const [i, chunk] of numbers.entries()) {
      const { exportId } = made.row;
      await changeChunk(chunks, { exportId, chunk }, (row) => ({ ...row, state: 'delivered', accepted: 1 }));
      const ended = await completion.complete(made.row, services);
      assert.equal(ended?.state, i === CHUNKS - 1 ? 'completed' : undefined);
    }
    assert.ok(listings <= 12, `${listings} listings`);
  });
}
