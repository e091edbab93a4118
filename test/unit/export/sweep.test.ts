import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeExport } from '../../../shared/export/complete.ts';
import { receiveExport } from '../../../shared/export/receive.ts';
import { whyNot } from '../../../shared/delivery/claim.ts';
import { changeChunk } from '../../../shared/ledger/chunks.ts';
import { newConnectorRow, toConnectorTableRow } from '../../../shared/ledger/connectorRows.ts';
import { changeExport } from '../../../shared/ledger/exports.ts';
import { lastBeat } from '../../../shared/ledger/heartbeat.ts';
import { CONTAINERS, type ChunkRow } from '../../../shared/ledger/model.ts';
import { sweepLedger } from '../../../shared/export/sweep.ts';
import type { LogFields } from '../../../shared/log.ts';
import { allowedFields } from '../../../shared/telemetry/fields.ts';
import { KillableProcess } from '../../support/killable.ts';
import { SplitRig } from '../../support/splitRig.ts';

const MINUTE = 60_000;
const NAME = 'healthcare/a.csv';
const EXPORT = 'a,b\n1,2\n3,4\n5,6\n';

async function queued(): Promise<SplitRig> {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  await rig.receive(NAME);
  return rig;
}

const change = (rig: SplitRig, chunk: number, to: Partial<ChunkRow>) =>
  changeChunk(rig.tables.chunks, { exportId: rig.export().exportId, chunk }, (row) => ({ ...row, ...to }));

test('an export whose event never came is started, though not before the event had its time', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  rig.put('healthcare/b.csv.part', EXPORT);
  assert.equal((await rig.sweep()).started, 0);
  await rig.pass(2 * MINUTE);
  assert.equal((await rig.sweep()).started, 1);
  assert.equal((await rig.sweep()).started, 0);
  assert.equal(rig.export().state, 'queued');
});

test('a file that got its name by renaming, long after it was written, is found by a full listing', async () => {
  const rig = await queued();
  await rig.pass(2 * MINUTE);
  await rig.sweep();
  const old = rig.clock.now() - 3 * 86_400_000;
  rig.blobs.put({ container: CONTAINERS.exports, name: 'healthcare/old.csv' }, 'a,b\nx,y\n', {}, old);
  await rig.pass(30 * MINUTE);
  assert.equal((await rig.sweep()).started, 0);
  await rig.pass(31 * MINUTE);
  assert.equal((await rig.sweep()).started, 1);
});

test('messages that were lost are sent again, with growing patience', async () => {
  const rig = await queued();
  rig.queue.clear();
  await rig.pass(9 * MINUTE);
  assert.equal((await rig.sweep()).messages, 0);
  await rig.pass(2 * MINUTE);
  assert.equal((await rig.sweep()).messages, 2);
  rig.queue.clear();
  await rig.pass(15 * MINUTE);
  assert.equal((await rig.sweep()).messages, 0);
  await rig.pass(6 * MINUTE);
  assert.equal((await rig.sweep()).messages, 2);
  await rig.push();
  assert.equal(rig.export().state, 'completed');
});

test('a chunk parked for eight days whose message has died goes on', async () => {
  const rig = await queued();
  rig.queue.clear();
  const parkedAt = new Date(rig.clock.now()).toISOString();
  const dueAt = new Date(rig.clock.now() + 8 * 86_400_000).toISOString();
  await change(rig, 1, { state: 'waiting', dueAt, stateAt: parkedAt, issuedAt: parkedAt, issues: 1 });
  await change(rig, 2, { state: 'delivered', accepted: 1 });
  for (let day = 0; day < 8; day++) {
    assert.equal((await rig.sweep()).messages, 0);
    await rig.pass(86_400_000);
  }
  await rig.pass(3 * MINUTE);
  assert.equal((await rig.sweep()).messages, 1);
  await rig.push();
  assert.equal(rig.export().state, 'completed');
});

test('an export whose last chunk ended without its completion is completed', async () => {
  const rig = await queued();
  await change(rig, 1, { state: 'delivered', accepted: 2, refusals: { X: 1 }, requests: 3 });
  await change(rig, 2, { state: 'delivered', quarantined: 1, refusals: { X: 2, Y: 1 }, requests: 1 });
  assert.equal((await rig.sweep()).ended, 1);
  const { state, accepted, quarantined, failed, refusals, requests, pinned } = rig.export();
  assert.deepEqual(
    { state, accepted, quarantined, failed, refusals, requests, pinned },
    {
      state: 'completedWithRefusals',
      accepted: 2,
      quarantined: 1,
      failed: 0,
      refusals: { X: 3, Y: 1 },
      requests: 4,
      pinned: false,
    },
  );
});

test('a held chunk keeps its export open', async () => {
  const rig = await queued();
  await change(rig, 1, { state: 'delivered', accepted: 2 });
  await change(rig, 2, { state: 'held' });
  await rig.pass(86_400_000);
  assert.deepEqual(await rig.sweep(), { messages: 0, resumed: 0, started: 0, ended: 0 });
  assert.equal(rig.export().state, 'queued');
});

test('a cancelled export fails what is left, once and for all, killed wherever it may be', async () => {
  for (let killAt = 1; killAt < 40; killAt++) {
    const rig = await queued();
    await change(rig, 1, { state: 'delivered', accepted: 2 });
    const services = rig.services(new KillableProcess(killAt));
    const reason = { code: 'CANCELLED', cause: 'An operator cancelled it.', cure: 'Replay it.' };
    await closeExport(rig.export(), 'cancelled', reason, services).catch(() => undefined);
    const noted = rig.export().closing !== undefined || rig.export().state === 'cancelled';
    await rig.sweep();
    const { state, accepted, failed, reasons } = rig.export();
    const done = { state: 'cancelled', accepted: 2, failed: 1, codes: ['CANCELLED'] };
    const untouched = { state: 'queued', accepted: 0, failed: 0, codes: [] };
    assert.deepEqual(
      { state, accepted, failed, codes: reasons.map(({ code }) => code) },
      noted ? done : untouched,
    );
    assert.equal(rig.pins(), noted ? 0 : 1);
  }
});

test('an export cancelled in the midst of its split leaves nothing behind', async () => {
  const rig = new SplitRig({ settings: { splitClaimMs: 3_000 } });
  rig.put(NAME, EXPORT);
  const services = rig.services();
  const blobs = new Proxy(services.blobs, {
    get: (target, property) =>
      property === 'snapshot'
        ? async (...parameters: Parameters<typeof target.snapshot>) => {
            await rig.cancel(rig.export());
            return target.snapshot(...parameters);
          }
        : (Reflect.get(target, property) as unknown),
  });
  await receiveExport({ container: 'exports', blobName: NAME }, { ...services, blobs });
  assert.deepEqual([rig.export().state, rig.export().records], ['cancelled', 0]);
  assert.deepEqual([rig.pins(), rig.chunks().length, rig.queue.length], [0, 0, 0]);
});

test('one export at fault does not keep the others waiting, and the sweep says that it lives', async () => {
  const rig = new SplitRig();
  rig.put('healthcare/1.csv', EXPORT);
  rig.put('healthcare/2.csv', 'a,b\nx,y\n');
  const services = rig.services();
  await rig.pass(3 * MINUTE);
  const blobs = new Proxy(services.blobs, {
    get: (target, property) =>
      property === 'snapshot'
        ? async (...parameters: Parameters<typeof target.snapshot>) => {
            if (parameters[0].name.endsWith('1.csv')) throw new Error('the service is at fault');
            return target.snapshot(...parameters);
          }
        : (Reflect.get(target, property) as unknown),
  });
  const { started } = await sweepLedger({ ...services, blobs });
  assert.equal(started, 1);
  assert.equal((await lastBeat(rig.tables.marks))?.at, rig.clock.now());
  await rig.pass(3 * MINUTE);
  await rig.sweep();
  assert.deepEqual(
    rig.exports().map(({ state }) => state),
    ['queued', 'queued'],
  );
});

test('a run of the sweep tells what it found to do, each by its own name', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  await rig.pass(2 * MINUTE);
  const told: LogFields[] = [];
  const services = rig.services();
  const info = (event: string, fields: LogFields = {}): void =>
    void (event === 'sweep.done' && told.push(allowedFields(fields, String)));
  await sweepLedger({ ...services, log: { ...services.log, info } });
  assert.deepEqual(told, [{ messages: 0, resumed: 0, started: 1, ended: 0 }]);
});

test('an idle sweep asks the ledger a handful of questions', async () => {
  const rig = await queued();
  await rig.push();
  await rig.pass(3 * MINUTE);
  await rig.sweep();
  const process = new KillableProcess();
  await rig.sweep(process);
  assert.ok(process.moments <= 20, `${process.moments} moments`);
});

test('a replay that ended before the export was pinned anew is taken up, once it has had the time of an invocation', async () => {
  const rig = await queued();
  await rig.push();
  const { exports } = rig.tables;
  const reopen = async (): Promise<void> => {
    await change(rig, 1, { state: 'pending', accepted: 0 });
    await changeExport(exports, rig.export(), ({ source: _source, finishedAt: _finishedAt, ...row }) => ({
      ...row,
      state: 'pushing',
      stateAt: new Date(rig.clock.now()).toISOString(),
      pinned: true,
    }));
    rig.queue.clear();
  };
  await reopen();
  await rig.pass(20 * MINUTE);
  await rig.sweep();
  assert.deepEqual([rig.export().source, rig.pins()], [undefined, 0]);
  await rig.pass(11 * MINUTE);
  await rig.sweep();
  assert.equal(rig.pins(), 1);
  assert.equal((await rig.sweep()).messages, 1);
  await rig.push();
  assert.equal(rig.export().state, 'completed');

  await reopen();
  rig.put(NAME, 'a,b\nother,content\n');
  await rig.pass(31 * MINUTE);
  await rig.sweep();
  const replayed = rig.exports().find(({ exportId }) => exportId === rig.chunks()[0]!.exportId);
  assert.equal(replayed?.state, 'sourceLost');
});

test('a parked chunk is woken before its time when the connector takes records again, and then it is due', async () => {
  const rig = await queued();
  rig.queue.clear();
  const iso = (ms: number): string => new Date(ms).toISOString();
  const parkedAt = rig.clock.now();
  const waiting = { state: 'waiting', stateAt: iso(parkedAt), issuedAt: iso(parkedAt), issues: 1 } as const;
  await change(rig, 1, { ...waiting, dueAt: iso(parkedAt + 3_600_000) });
  await change(rig, 2, { state: 'delivered', accepted: 1 });
  const connector = { ...newConnectorRow('healthcare'), lastAcceptedAt: iso(parkedAt + 1_000) };
  await rig.tables.connectors.insert(toConnectorTableRow(connector));
  await rig.pass(21 * MINUTE);
  assert.equal((await rig.sweep()).messages, 1);
  assert.equal(whyNot(rig.chunks()[0]!, rig.clock.now()), undefined);
});
