import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectorKey, CONTAINERS, QUEUES } from '../../shared/ledger/model.ts';
import { countEvents, deliver, type Delivered } from '../support/deliver.ts';
import { CONNECTOR, type FaultCell } from '../support/faultCell.ts';
import type { SeenCall } from '../support/faultProxy.ts';
import { FaultRig } from '../support/faultRig.ts';
import { until } from '../support/processes.ts';

const SLOW_MS = 80;

let rig: FaultRig;
let cell: FaultCell;
before(async () => {
  rig = await FaultRig.start(1);
  cell = await rig.cell({ processes: 2, simulator: { latencyMs: SLOW_MS } });
});
after(() => rig.stop());

/** The export went through with nobody's help and no message was poisoned. */
function assertWell({ wrong, row, log }: Delivered): void {
  assert.deepEqual(wrong, []);
  assert.equal(row.state, 'completed');
  assert.equal(countEvents(log, 'chunk.poisoned'), 0);
}

/** Calls that the proxy sees while `work` runs. */
async function overhear<Result>(work: () => Promise<Result>): Promise<{ calls: SeenCall[]; result: Result }> {
  const calls: SeenCall[] = [];
  const { onCall } = cell.proxy;
  cell.proxy.onCall = (call) => {
    calls.push(call);
    onCall(call);
  };
  try {
    return { result: await work(), calls };
  } finally {
    cell.proxy.onCall = onCall;
  }
}

const isPost = ({ kind }: SeenCall): boolean => kind === 'connector signals.post';

test('two processes share an export: no batch is sent by both, and the work splits', async () => {
  const { result, calls } = await overhear(() => deliver(cell, { records: 450 }));
  assertWell(result);
  assert.equal(result.row.possiblyDuplicated, 0);
  assert.equal(result.requests.length, 90, 'one request a batch');
  const posts = calls.filter(isPost);
  for (const instance of [0, 1]) {
    const share = posts.filter((call) => call.instance === instance).length / posts.length;
    assert.ok(share > 0.2, `process ${instance} sent ${Math.round(share * 100)} %`);
  }
});

/** Room for a request that looked at the gate just before it was closed, ms. */
const UNDER_WAY_MS = 500;

for (const [form, seconds] of [
  ['3', 3],
  ['date+4', 4],
] as const) {
  test(`429 with Retry-After ${form}: from neither of two processes goes a request out before its instant`, async () => {
    const { result, calls } = await overhear(() =>
      deliver(cell, { records: 300, faults: `429@8:retry-after=${form}` }),
    );
    assertWell(result);
    assert.equal(result.row.possiblyDuplicated, 0);
    const gates = calls.flatMap(({ kind, body, at }) => {
      const text = kind.startsWith('table connectors.') ? body.toString('utf8') : '';
      const until = /"gateUntil":"([^"]+)"/.exec(text)?.[1];
      return until === undefined ? [] : [{ from: at, until: Date.parse(until) }];
    });
    const [gate] = gates;
    assert.ok(gate, 'the gate was closed');
    assert.ok(gate.until - gate.from > (seconds - 1.1) * 1000, 'for about as long as asked');
    const early = result.requests.filter(({ at }) => at > gate.from + UNDER_WAY_MS && at < gate.until);
    assert.deepEqual(early, []);
    const late = calls.filter((call) => isPost(call) && call.at >= gate.until);
    assert.ok(late.length > 0, 'and then it went on');
  });
}

test('down for the first 25 requests, then well', async () => {
  assertWell(await deliver(cell, { records: 60, faults: 'down@1-25' }));
});

test('down for 8 seconds, then well', async () => {
  const result = await deliver(cell, { records: 60, faults: 'down:for=8' });
  assertWell(result);
  assert.ok(countEvents(result.log, 'chunk.parked') > 0, 'the chunks were parked');
});

test('silent for 8 seconds, then well', async () => {
  assertWell(await deliver(cell, { records: 30, faults: 'hang:for=8' }));
});

test('garbage, old and foreign messages end in the poison queue and are dropped; the export does not notice', async () => {
  const message = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');
  const result = await deliver(cell, {
    meanwhile: async (cell, exportId) => {
      const pointer = { exportId, connectorKey: connectorKey(CONNECTOR), chunk: 1 };
      await cell.message(Buffer.from('garbage').toString('base64'));
      await cell.message(message({ ...pointer, v: 0 }));
      await cell.message(message({ ...pointer, v: 1, exportId: 'f'.repeat(32) }));
      await until('three were dropped', async () => dropped(await cell.log()) >= 3, 20_000, 100);
    },
  });
  assertWell(result);
});

const dropped = (log: string): number =>
  countEvents(log, 'poison.unknownMessage') +
  countEvents(log, 'poison.nothingToDo') +
  log.split('is not base64').length -
  1;

test('messages never expire, and what a cleared queue has lost is sent again', async () => {
  const { result, calls } = await overhear(() =>
    deliver(cell, {
      records: 90,
      meanwhile: async (cell, id) => {
        await until(
          'the export is queued',
          async () => (await cell.view(id))?.row.source !== undefined,
          20_000,
        );
        for (let i = 0; i < 5; i++) {
          await cell.clear(QUEUES.chunks);
          await delay(100);
        }
      },
    }),
  );
  assertWell(result);
  const sends = calls.filter(({ kind }) => kind === 'queue chunks.send');
  assert.ok(sends.length > 0 && sends.every(({ url }) => url.includes('messagettl=-1')));
});

test('SIGTERM in the middle: no request begins any more, and the next process goes on where it was', async () => {
  const { wrong, row, requests } = await deliver(cell, {
    records: 225,
    meanwhile: async (cell, id) => {
      await until(
        'some was accepted',
        async () => ((await cell.ledger.chunks(id))[0]?.accepted ?? 0) > 0,
        20_000,
      );
      const told = Date.now();
      await cell.pause();
      const late = (await cell.journal()).filter(({ at }) => at > told + UNDER_WAY_MS);
      assert.deepEqual(late, []);
      await cell.resume();
    },
  });
  assert.deepEqual(wrong, []);
  assert.equal(row.possiblyDuplicated, 0, 'every answer was awaited');
  assert.equal(requests.length, 45);
});

test('an export that vanishes with its snapshot ends as lost, with the bytes that were not read', async () => {
  const name = 'healthcare/vanishing.csv';
  const { row } = await deliver(cell, {
    blobName: name,
    records: 150,
    faults: 'down:for=3',
    meanwhile: async (cell, id) => {
      const underWay: ReadonlySet<string> = new Set(['queued', 'pushing']);
      const isQueued = async (): Promise<boolean> => underWay.has((await cell.view(id))?.row.state ?? '');
      await until('it was queued', isQueued, 20_000);
      await cell.storage.blobs.removeSnapshots({ container: CONTAINERS.exports, name }, id);
      await cell.storage.blobs.remove({ container: CONTAINERS.exports, name });
    },
  });
  assert.equal(row.state, 'sourceLost');
  assert.equal(row.accepted + row.quarantined + row.failed, row.records);
  assert.ok(row.failed > 0);
  assert.match(row.reasons[0]?.cause ?? '', /Bytes \d+ to \d+/);
});

test('when the faults have stopped, a fresh export arrives', async () => {
  assertWell(await deliver(cell));
});
