import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CANARY } from '../../support/deliveryExport.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';

const HOUR = 3_600_000;
const NAME = 'healthcare/a|b.csv';

for (const maxBodyBytes of [2 ** 20, 500]) {
  test(`records that go out rewritten arrive with another delimiter, each once, bodies within ${maxBodyBytes} bytes`, async () => {
    let largest = 0;
    const world = new DeliveryWorld({
      seed: 4,
      service: { misbehave: ({ lines }) => void (largest = Math.max(largest, lines.join('').length)) },
    });
    const made = await world.export({
      chunks: 2,
      batches: 2,
      recordsPerRequest: 16,
      invalid: 0.1,
      name: NAME,
      plan: {
        output: { kind: 'rewrite', delimiter: '|', keep: [0, 1, 2] },
        header: 'Id|Name|Note\n',
        maxBodyBytes,
      },
    });
    assert.ok(await world.deliver(HOUR));
    const good = made.records.filter(({ kind }) => kind === 'good');
    const expected = good.map(
      ({ number }) => `"${NAME}#${number}"|${CANARY} ${number * 7919}|"said ""hi"",\nleft"\n`,
    );
    assert.deepEqual([...world.service.taken.keys()].toSorted(), expected.toSorted());
    assert.ok([...world.service.taken.values()].every((times) => times === 1));
    assert.ok(largest <= maxBodyBytes);
    const { state, accepted, quarantined, records } = world.exportRow(made.row);
    assert.equal(state, 'completedWithRefusals');
    assert.deepEqual([accepted, quarantined], [good.length, records - good.length]);
    // What is set aside is set aside as it came.
    const refused = made.records.find(({ kind }) => kind === 'invalid')!;
    const files = world.blobs.addresses('quarantine').map((address) => world.blobs.content(address)!);
    assert.ok(files.some((file) => file.includes(refused.line)));
  });
}
