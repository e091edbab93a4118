import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancelExport, pauseConnector, resumeConnector } from '../../../shared/delivery/control.ts';
import { operate } from '../../../shared/delivery/operator.ts';
import { replay } from '../../../shared/delivery/replay.ts';
import { chunkMessageOf } from '../../../shared/ledger/chunkMessage.ts';
import { listChunks } from '../../../shared/ledger/chunks.ts';
import { claimContent } from '../../../shared/ledger/contents.ts';
import { changeExport } from '../../../shared/ledger/exports.ts';
import { FINAL_CHUNK_STATES, type ExportRow } from '../../../shared/ledger/model.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { worldWithGap } from '../../support/gapWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

const HOUR = 3_600_000;

const statesOf = async (world: DeliveryWorld, row: ExportRow): Promise<string[]> =>
  (await listChunks(world.tables.chunks, row.exportId)).map(({ row }) => row.state);

test('a count gap is counted as failed, never resent by itself, and sent again on request', async () => {
  const { world, made } = await worldWithGap();
  const failed = world.exportRow(made.row);
  assert.deepEqual([failed.state, failed.failed, failed.accepted], ['failed', 3, 45]);
  assert.equal(failed.reasons[0]?.code, 'COUNT_GAP');
  assert.equal(world.service.requests.length, 6);

  assert.deepEqual(await replay({ connectorKey: made.row.connectorKey }, world.splitServices()), {
    exports: 1,
    chunks: 1,
    refused: [],
  });
  assert.ok(await world.resume(HOUR));
  const cured = world.exportRow(made.row);
  assert.deepEqual([cured.state, cured.failed, cured.accepted], ['completed', 0, 48]);
  assert.equal(cured.possiblyDuplicated, 8);
  assert.equal(world.service.requests.length, 7);
  assert.deepEqual(await judgeWorld(world), []);
});

test('a replay of an export whose blob was replaced says so', async () => {
  const world = new DeliveryWorld({ seed: 2, service: { misbehave: () => ({ kind: 'gap', gap: 1 }) } });
  const made = await world.export({ chunks: 1, batches: 1, recordsPerRequest: 8 });
  assert.ok(await world.deliver(HOUR));
  world.blobs.put({ container: 'exports', name: made.row.blobName }, 'other content');
  const { refused } = await replay({ connectorKey: made.row.connectorKey }, world.splitServices());
  assert.deepEqual(
    refused.map(({ reason }) => reason.code),
    ['REPLACED_BEFORE_READ'],
  );
  assert.equal(world.exportRow(made.row).state, 'sourceLost');
});

test('an unknown outcome is held for a human when the plan says so, and a replay sends it and counts it', async () => {
  const world = new DeliveryWorld({
    seed: 3,
    service: { misbehave: ({ number }) => (number === 1 ? { kind: 'silent', taken: true } : undefined) },
  });
  const made = await world.export({
    chunks: 2,
    batches: 3,
    recordsPerRequest: 8,
    plan: { onUnknownOutcome: 'hold' },
  });
  assert.ok(!(await world.deliver(HOUR)));
  assert.deepEqual((await statesOf(world, made.row)).sort(), ['delivered', 'held']);
  assert.equal(world.service.requests.length, 6);

  const replayed = await replay({ connectorKey: made.row.connectorKey }, world.splitServices());
  assert.deepEqual(replayed, { exports: 1, chunks: 1, refused: [] });
  assert.deepEqual(await replay({ connectorKey: made.row.connectorKey }, world.splitServices()), {
    exports: 0,
    chunks: 0,
    refused: [],
  });
  assert.ok(await world.resume(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
  assert.equal(world.exportRow(made.row).possiblyDuplicated, 8);
});

test('a paused connector sends nothing; resumed, it goes on at once', async () => {
  const world = new DeliveryWorld({ seed: 4 });
  const { services: control } = world.process();
  await world.export({ chunks: 2, batches: 3, recordsPerRequest: 8 });
  await pauseConnector('healthcare', control);
  assert.ok(!(await world.deliver(6 * HOUR)));
  assert.equal(world.service.requests.length, 0);
  assert.ok((await resumeConnector('healthcare', control)) > 0);
  assert.ok(await world.resume(60_000));
  assert.deepEqual(await judgeWorld(world), []);
});

test('a cancelled export ends: what was accepted stays, the rest counts as failed, nothing more is sent', async () => {
  const world = new DeliveryWorld({ seed: 5, settings: { maxInFlight: 1 } });
  const made = await world.export({ chunks: 3, batches: 8, recordsPerRequest: 8 });
  world.start();
  await world.clock.run(() => world.service.requests.length >= 5, HOUR);
  await cancelExport(made.row, world.process().services);
  const sent = world.service.requests.length;
  assert.ok(await world.resume(HOUR));
  const row = world.exportRow(made.row);
  assert.equal(row.state, 'cancelled');
  assert.equal(row.accepted + row.failed, row.records);
  assert.ok((await statesOf(world, made.row)).every((state) => FINAL_CHUNK_STATES.has(state as 'failed')));
  assert.ok(world.service.requests.length <= sent + 2);

  await replay(made.row, world.splitServices());
  assert.ok(await world.resume(HOUR));
  assert.equal(world.exportRow(made.row).state, 'completed');
  assert.deepEqual(await judgeWorld(world), []);
});

test('a cancel of all ends every export of the connector that has not ended, whatever it is at, and no other', async () => {
  const world = new DeliveryWorld({ seed: 6, settings: { maxInFlight: 1 } });
  const shape = { chunks: 1, batches: 2, recordsPerRequest: 4 };
  const ended = await world.export({ ...shape, name: 'healthcare/ended.csv' });
  assert.ok(await world.deliver(HOUR));
  const [begun, untouched] = [
    await world.export({ ...shape, batches: 20, name: 'healthcare/begun.csv' }),
    await world.export({ ...shape, name: 'healthcare/untouched.csv' }),
  ];
  const before = world.service.requests.length;
  await world.clock.run(() => world.service.requests.length > before, HOUR);
  const services = world.splitServices();
  const cancel = { action: 'cancel', connector: 'healthcare', export: 'all' } as const;
  assert.equal((await operate(cancel, services)).done, 'Cancelled: 2 exports of connector healthcare.');
  assert.ok(await world.resume(HOUR));
  assert.deepEqual(
    [ended, begun, untouched].map(({ row }) => world.exportRow(row).state),
    ['completed', 'cancelled', 'cancelled'],
  );
  assert.equal((await operate(cancel, services)).done, 'Cancelled: 0 exports of connector healthcare.');
  assert.deepEqual(await judgeWorld(world), []);
});

test('an export cancelled in the middle of batches in parts counts what their parts achieved, and a replay completes it', async () => {
  let ambiguous = 0;
  const world = new DeliveryWorld({
    seed: 15,
    settings: { maxInFlight: 1 },
    service: {
      misbehave: ({ number }) =>
        number === 1 && ambiguous++ === 0 ? { kind: 'silent', taken: true } : undefined,
    },
  });
  const plan = { maxBodyBytes: 400 };
  const made = await world.export({ chunks: 2, batches: 2, recordsPerRequest: 32, plan });
  world.start();
  await world.clock.run(() => [...world.service.taken.values()].some((times) => times > 1), HOUR);
  await cancelExport(made.row, world.process().services);
  assert.ok(await world.resume(HOUR));
  const row = world.exportRow(made.row);
  assert.equal(row.state, 'cancelled');
  assert.ok(row.accepted > 0 && row.possiblyDuplicated > 0);
  assert.deepEqual(await judgeWorld(world), []);

  await replay(made.row, world.splitServices());
  assert.ok(await world.resume(HOUR));
  assert.equal(world.exportRow(made.row).state, 'completed');
  assert.deepEqual(await judgeWorld(world), []);
});

test('while a replay pins an export anew, which may take long, neither a late message nor a sweep ends it', async () => {
  let gaps = 0;
  const world = new DeliveryWorld({
    seed: 16,
    service: { misbehave: () => (gaps++ === 0 ? { kind: 'gap', gap: 1 } : undefined) },
  });
  const made = await world.export({ chunks: 1, batches: 2, recordsPerRequest: 8 });
  assert.ok(await world.deliver(HOUR));
  assert.equal(world.exportRow(made.row).state, 'failed');

  const slow = world.splitServices();
  const blobs = Object.assign(Object.create(slow.blobs) as typeof slow.blobs, {
    snapshot: async (...args: Parameters<typeof slow.blobs.snapshot>) => {
      await world.clock.sleep(10 * 60_000);
      return slow.blobs.snapshot(...args);
    },
  });
  await world.queue.send(chunkMessageOf(made.chunks[0]!, made.row));
  const replayed = replay(made.row, { ...slow, blobs });
  assert.ok(await world.resume(HOUR));
  assert.deepEqual([(await replayed).chunks, world.exportRow(made.row).state], [1, 'completed']);
  assert.deepEqual(await judgeWorld(world), []);
});

test('an export that gave its content up to another is not replayed while that one has it', async () => {
  const world = new DeliveryWorld({ seed: 17 });
  const shape = { chunks: 1, batches: 2, recordsPerRequest: 4 };
  const first = await world.export(shape);
  const second = await world.export({ ...shape, name: 'healthcare/b.csv' });
  const replaying = world.splitServices();
  const controlling = world.process().services;
  const contentHash = 'c0'.repeat(32);
  for (const { row } of [first, second])
    await changeExport(world.tables.exports, row, (current) => ({ ...current, contentHash }));
  await cancelExport(first.row, controlling);
  assert.equal(await claimContent(world.tables, second.row, contentHash), undefined);

  const { chunks, refused } = await replay(first.row, replaying);
  assert.deepEqual([chunks, refused.map(({ reason }) => reason.code)], [0, ['SENT_BY_ANOTHER']]);
  assert.equal(world.exportRow(first.row).state, 'cancelled');

  await cancelExport(second.row, controlling);
  assert.equal((await replay(first.row, replaying)).chunks, 1);
  assert.deepEqual((await replay(second.row, replaying)).chunks, 0);
  assert.ok(await world.deliver(HOUR));
  assert.equal(world.exportRow(first.row).state, 'completed');
  assert.deepEqual(await judgeWorld(world), []);
});
