import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { replay, type ReplayServices } from '../../../shared/delivery/replay.ts';
import { completeExport, finishClosing, releaseExport } from '../../../shared/export/complete.ts';
import { changeChunk } from '../../../shared/ledger/chunks.ts';
import { claimContent } from '../../../shared/ledger/contents.ts';
import { changeExport, insertExport, readExport } from '../../../shared/ledger/exports.ts';
import type { ChunkRow } from '../../../shared/ledger/model.ts';
import { SplitRig, type RigOptions } from '../../support/splitRig.ts';

const NAME = 'healthcare/a.csv';
const EXPORT = 'a,b\n1,2\n3,4\n5,6\n';

/** An export of two chunks of which the second was delivered and the first, or both, failed. */
async function failed(options: RigOptions = {}, name = NAME, content: string | Uint8Array = EXPORT) {
  const rig = new SplitRig(options);
  rig.put(name, content);
  await rig.receive(name);
  rig.queue.clear();
  const change = (chunk: number, to: Partial<ChunkRow>) =>
    changeChunk(rig.tables.chunks, { exportId: rig.export().exportId, chunk }, (row) => ({ ...row, ...to }));
  await change(1, { state: 'failed', failed: 2, batches: 'u' });
  return { rig, change, services: rig.services(), keys: rig.export() };
}

/** `store` with one method that first waits for, or does, something else: once. */
function delayed<Store extends object>(
  store: Store,
  name: keyof Store & string,
  first: () => Promise<unknown>,
): Store {
  let done = false;
  return new Proxy(store, {
    get(target, property) {
      const method = Reflect.get(target, property, target) as unknown;
      if (typeof method !== 'function') return method;
      const call = method.bind(target) as (...args: unknown[]) => unknown;
      if (property !== name || done) return call;
      return async (...args: unknown[]) => {
        done = true;
        await first();
        return call(...args);
      };
    },
  });
}

const withTable = <Name extends keyof ReplayServices['tables']>(
  services: ReplayServices,
  name: Name,
  table: ReplayServices['tables'][Name],
): ReplayServices => ({ ...services, tables: { ...services.tables, [name]: table } });

test('an export whose last other chunk ends while a chunk is being replayed is opened again', async () => {
  const { rig, change, services, keys } = await failed();
  const ending = async (): Promise<void> => {
    await change(2, { state: 'delivered', accepted: 1 });
    assert.equal((await completeExport(keys, services))?.state, 'failed');
  };
  const chunks = delayed(services.tables.chunks, 'replace', ending);
  const replayed = await replay({ ...keys, chunk: 1 }, withTable(services, 'chunks', chunks));
  assert.deepEqual(replayed, { exports: 1, chunks: 1, refused: [] });
  assert.deepEqual([rig.export().state, rig.chunks()[0]!.state, rig.queue.length], ['pushing', 'pending', 1]);
  await rig.push();
  const { state, accepted, failed: lost } = rig.export();
  assert.deepEqual([state, accepted, lost, rig.pins()], ['completed', 3, 0, 0]);
});

test('who read the chunks before one was replayed does not end the export without it', async () => {
  const { rig, change, services, keys } = await failed();
  await change(2, { state: 'delivered', accepted: 1 });
  const replaying = (): Promise<unknown> => replay({ ...keys, chunk: 1 }, services);
  const exports = delayed(services.tables.exports, 'replace', replaying);
  assert.equal(await completeExport(keys, withTable(services, 'exports', exports)), undefined);
  assert.deepEqual([rig.export().state, rig.chunks()[0]!.state, rig.queue.length], ['queued', 'pending', 1]);
  await rig.push();
  assert.equal(rig.export().state, 'completed');
});

for (const pin of ['snapshot', 'copy'] as const) {
  test(`two replays of one export that pin it at once (${pin}) leave one pin, and both their chunks go out`, async () => {
    const { rig, change, services, keys } = await failed(
      { settings: { pin } },
      `${NAME}.gz`,
      gzipSync(EXPORT),
    );
    await change(2, { state: 'failed', failed: 1, batches: 'u' });
    assert.equal((await completeExport(keys, services))?.state, 'failed');
    assert.equal(rig.pins(), 0);
    // Neither reads before both have pinned it.
    const { promise: bothPinned, resolve } = Promise.withResolvers<void>();
    let pins = 0;
    const blobs = new Proxy(services.blobs, {
      get(target, name) {
        if (name === 'read') {
          return async function* (...args: Parameters<typeof target.read>) {
            await bothPinned;
            yield* target.read(...args);
          };
        }
        const method = Reflect.get(target, name, target) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          const answer = await method.apply(target, args);
          if (name === pin && ++pins === 2) resolve();
          return answer;
        };
      },
    });
    const both = Promise.all([1, 2].map((chunk) => replay({ ...keys, chunk }, { ...services, blobs })));
    assert.deepEqual(
      (await both).map(({ chunks, refused }) => [chunks, refused]),
      [
        [1, []],
        [1, []],
      ],
    );
    assert.equal(rig.blobs.content(rig.export().source!)?.toString(), EXPORT);
    assert.equal(rig.pins(), 1);
    assert.equal((await rig.push()).length, 2);
    assert.deepEqual([rig.export().state, rig.pins()], ['completed', 0]);
  });
}

test('an export cancelled while a replay pins it leaves no pin behind', async () => {
  for (const pin of ['snapshot', 'copy'] as const) {
    const { rig, change, services, keys } = await failed({ settings: { pin } });
    await change(2, { state: 'delivered', accepted: 1 });
    await completeExport(keys, services);
    const blobs = delayed(services.blobs, pin, () => rig.cancel(rig.export()));
    assert.deepEqual(await replay(keys, { ...services, blobs }), { exports: 0, chunks: 0, refused: [] });
    const { state, failed: lost, pinned } = rig.export();
    assert.deepEqual([state, lost, pinned, rig.pins()], ['cancelled', 2, false, 0]);
  }
});

test('who still ends an export as it was before a replay ends nothing of it, and spares its new pin', async () => {
  const { rig, change, services, keys } = await failed();
  await change(2, { state: 'delivered', accepted: 1 });
  // What somebody read while it was being cancelled, and once it was.
  const reasons = [{ code: 'CANCELLED', cause: 'An operator cancelled it.', cure: 'Replay it.' }];
  const closing = await changeExport(services.tables.exports, keys, (row) => ({
    ...row,
    closing: 'cancelled',
    reasons,
  }));
  const kept = delayed(services.blobs, 'removeSnapshots', () => Promise.reject(new Error('storage is out')));
  await assert.rejects(finishClosing(closing!.row, { ...services, blobs: kept }));
  const ended = (await readExport(services.tables.exports, keys))!;
  assert.deepEqual([ended.row.state, ended.row.pinned], ['cancelled', true]);

  assert.equal((await replay(keys, services)).chunks, 1);
  assert.equal(rig.pins(), 1);
  await finishClosing(closing!.row, services);
  await releaseExport(ended, services);
  assert.deepEqual([rig.export().state, rig.chunks()[0]!.state, rig.pins()], ['pushing', 'pending', 1]);
  await rig.push();
  assert.deepEqual([rig.export().state, rig.pins()], ['completed', 0]);
});

test('an export whose content another took a moment before it was opened again ends, and nothing of it is sent', async () => {
  const { rig, services, keys } = await failed();
  await changeChunk(rig.tables.chunks, { ...keys, chunk: 2 }, (row) => ({
    ...row,
    state: 'failed',
    failed: 1,
  }));
  await completeExport(keys, services);
  const first = rig.export();
  const another = {
    ...first,
    exportId: 'b0'.repeat(16),
    state: 'splitting' as const,
    chunks: 0,
    pinned: false,
  };
  const taking = async (): Promise<void> => {
    await insertExport(rig.tables.exports, another);
    assert.equal(await claimContent(rig.tables, another, first.contentHash!), undefined);
  };
  const exports = delayed(services.tables.exports, 'replace', taking);
  const { chunks, refused } = await replay(keys, withTable(services, 'exports', exports));
  assert.deepEqual([chunks, refused.map(({ reason }) => reason.code)], [0, ['SENT_BY_ANOTHER']]);
  const row = (await readExport(rig.tables.exports, keys))!.row;
  assert.deepEqual(
    [row.state, row.failed, row.reasons.map(({ code }) => code)],
    ['cancelled', 3, ['SENT_BY_ANOTHER']],
  );
  assert.deepEqual([rig.queue.length, rig.pins()], [0, 0]);
});
