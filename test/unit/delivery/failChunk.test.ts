import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_POISON_SETTINGS, failChunk, type FailServices } from '../../../shared/delivery/failChunk.ts';
import type { LogFields } from '../../../shared/log.ts';
import { changeChunk } from '../../../shared/ledger/chunks.ts';
import type { ChunkRow } from '../../../shared/ledger/model.ts';
import type { MemoryTable } from '../../support/memoryStores.ts';
import { SplitRig } from '../../support/splitRig.ts';

async function rigWithChunk(): Promise<{
  rig: SplitRig;
  services: FailServices;
  message: object;
  change: (to: Partial<ChunkRow>) => Promise<unknown>;
  chunk: () => ChunkRow;
}> {
  const rig = new SplitRig();
  rig.put('healthcare/a.csv', 'a,b\n1,2\n3,4\n');
  await rig.receive('healthcare/a.csv');
  const message = rig.queue.receive()!.message;
  rig.queue.clear();
  const services = { ...rig.services(), poison: DEFAULT_POISON_SETTINGS };
  const { exportId } = rig.export();
  const change = (to: Partial<ChunkRow>) =>
    changeChunk(rig.tables.chunks, { exportId, chunk: 1 }, (row) => ({ ...row, ...to }));
  return { rig, services, message, change, chunk: () => rig.chunks()[0]! };
}

test('a chunk that is poisoned three times without progress is failed, and its export ends without it', async () => {
  const { rig, services, message, chunk } = await rigWithChunk();
  await failChunk(message, services);
  await failChunk(message, services);
  assert.equal(rig.queue.length, 2);
  assert.deepEqual([chunk().state, chunk().poisonings], ['pending', 2]);
  await failChunk(message, services);
  assert.deepEqual([chunk().state, chunk().failed], ['failed', 2]);
  const { state, failed, reasons } = rig.export();
  assert.deepEqual([state, failed, reasons.map(({ code }) => code)], ['failed', 2, ['CHUNK_POISONED']]);
  assert.equal(rig.pins(), 0);
});

test('only a chunk that has failed of this is told as failed, with its connector', async () => {
  for (const got of ['through', 'nowhere'] as const) {
    const { rig, services, message, change, chunk } = await rigWithChunk();
    await change({ poisonings: 2 });
    const told: LogFields[] = [];
    const log = {
      ...services.log,
      error: (event: string, fields: LogFields = {}) => void (event === 'chunk.failed' && told.push(fields)),
    };
    let raced = false;
    const chunks = Object.assign(Object.create(rig.tables.chunks) as MemoryTable, {
      replace: async (...args: Parameters<MemoryTable['replace']>) => {
        if (got === 'through' && !raced) await change({ state: 'delivered', accepted: 2 });
        raced = true;
        return rig.tables.chunks.replace(...args);
      },
      get: rig.tables.chunks.get.bind(rig.tables.chunks),
      list: rig.tables.chunks.list.bind(rig.tables.chunks),
    });
    await failChunk(message, { ...services, log, tables: { ...services.tables, chunks } });
    assert.equal(chunk().state, got === 'through' ? 'delivered' : 'failed');
    const { exportId } = rig.export();
    const failed = { exportId, connector: 'healthcare', chunk: 1, code: 'CHUNK_POISONED' };
    assert.deepEqual(told, got === 'through' ? [] : [failed]);
  }
});

test('a chunk that got on since its last poisoning is forgiven, ten times over', async () => {
  const { rig, services, message, change, chunk } = await rigWithChunk();
  for (let accepted = 1; accepted <= 10; accepted++) {
    await change({ accepted, records: 20 });
    await failChunk(message, services);
    await failChunk(message, services);
  }
  assert.deepEqual([chunk().state, chunk().poisonings], ['pending', 2]);
  assert.equal(rig.queue.length, 20);
});

test('the next try comes later each time', async () => {
  const { rig, services, message } = await rigWithChunk();
  await failChunk(message, services);
  const first = rig.queue.nextVisibleAt()! - rig.clock.now();
  rig.queue.clear();
  await failChunk(message, services);
  assert.deepEqual([first, rig.queue.nextVisibleAt()! - rig.clock.now()], [60_000, 600_000]);
});

test('a message of a chunk that is settled, or that another works on, changes nothing', async () => {
  const { rig, services, message, change } = await rigWithChunk();
  await change({ state: 'pushing', claimUntil: new Date(rig.clock.now() + 1_000).toISOString() });
  await failChunk(message, services);
  assert.deepEqual([rig.queue.length, rig.chunks()[0]?.poisonings], [0, 0]);
  await change({ state: 'delivered', accepted: 2 });
  await failChunk(message, services);
  assert.equal(rig.export().state, 'completed');
  await failChunk(message, services);
  assert.equal(rig.queue.length, 0);
});

test('garbage, and chunks that the ledger does not know, are dropped', async () => {
  const { rig, services, message } = await rigWithChunk();
  for (const garbage of [undefined, 'text', {}, { ...message, v: 2 }, { ...message, exportId: 'ffff' }]) {
    await failChunk(garbage, services);
  }
  assert.deepEqual([rig.queue.length, rig.chunks()[0]?.poisonings], [0, 0]);
});
