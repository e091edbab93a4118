import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECTOR_ROW_KEY, fromConnectorTableRow } from '../../../shared/ledger/connectorRows.ts';
import { listChunks } from '../../../shared/ledger/chunks.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

const HOUR = 3_600_000;

const connectorOf = (world: DeliveryWorld): ReturnType<typeof fromConnectorTableRow> =>
  fromConnectorTableRow(
    world.tables.connectors.rows().find(({ row }) => row.rowKey === CONNECTOR_ROW_KEY)!.row,
  );

test('a record that the service refuses is found by halving and quarantined with its words; its neighbours arrive once', async () => {
  const world = new DeliveryWorld({ seed: 3 });
  const made = await world.export({
    chunks: 2,
    batches: 3,
    recordsPerRequest: 16,
    offending: 0.04,
    invalid: 0.02,
  });
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
  assert.ok(made.records.some(({ kind }) => kind === 'offending'));
  assert.equal(world.exportRow(made.row).possiblyDuplicated, 0);
  const [address] = world.blobs.addresses('quarantine');
  assert.match(world.blobs.content(address!)!.toString('utf8'), /SERVICE_REFUSED cannot read/u);
  assert.deepEqual(world.blobs.addresses('staging'), [], 'the words are kept no longer than the export');
});

test('a mapping that is wrong for all blocks the connector after three requests a batch; nothing is quarantined', async () => {
  const world = new DeliveryWorld({
    seed: 4,
    service: { misbehave: () => ({ kind: 'refusing', status: 400 }) },
  });
  await world.export({ chunks: 2, batches: 3, recordsPerRequest: 16 });
  assert.ok(!(await world.deliver(240_000)));
  const { circuit, kind, reason } = connectorOf(world);
  assert.deepEqual(
    [circuit, kind, reason?.code, reason?.status],
    ['open', 'blocked', 'MAPPING_REFUSED', 400],
  );
  assert.ok(world.service.requests.length < 16, `${world.service.requests.length} requests`);
  assert.deepEqual(world.blobs.addresses('quarantine'), []);
});

test('more than a hundred records of a chunk refused one by one: blocked, and the refusals are forgotten', async () => {
  const world = new DeliveryWorld({ seed: 5, settings: { refusalsPerChunk: 3 } });
  await world.export({ chunks: 1, batches: 12, recordsPerRequest: 4, offending: 0.4 });
  assert.ok(!(await world.deliver(200_000)));
  assert.equal(connectorOf(world).reason?.code, 'MAPPING_REFUSED');
  assert.deepEqual(world.blobs.addresses('quarantine'), []);
});

test('two records at fault in the first batch are no wrong mapping for ever: another batch is tried', async () => {
  let seen = 0;
  const world = new DeliveryWorld({
    seed: 6,
    service: {
      // Refuses whatever holds one of the first batch's records, one by one, and everything at first.
      misbehave: () => (++seen <= 3 * 3 ? { kind: 'refusing', status: 400 } : undefined),
    },
  });
  await world.export({ chunks: 1, batches: 3, recordsPerRequest: 8 });
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
});

test('killed at any write while refusals pile up and are forgotten: the figures add up, every record arrives once', async () => {
  for (let killAt = 1; ; killAt++) {
    let calls = 0;
    const blocked = (): boolean =>
      world.tables.connectors
        .rows()
        .some(({ row }) => row['circuit'] === 'open' || row['circuit'] === 'probing');
    const world = new DeliveryWorld({
      seed: 7,
      settings: { maxInFlight: 1, refusalsPerChunk: 1 },
      fault: ({ port }, crash) => {
        if (!/^chunks\.(?:insert|replace)$/u.test(port) || blocked() || ++calls !== killAt) return;
        // From now on the records are at fault, not the mapping.
        Object.assign(world.settings, { refusalsPerChunk: 100 });
        crash();
      },
    });
    const made = await world.export({ chunks: 1, batches: 4, recordsPerRequest: 8, offending: 0.25 });
    const ended = await world.deliver(HOUR);
    if (calls < killAt) break;
    assert.ok(ended, `killed at ${killAt}`);
    assert.deepEqual(await judgeWorld(world), [], `killed at ${killAt}`);
    assert.equal(world.exportRow(made.row).state, 'completedWithRefusals');
  }
});

test('a batch held for a human does not keep the probes of a blocked mapping from the others', async () => {
  let cured = false;
  const world = new DeliveryWorld({
    seed: 3,
    settings: { maxInFlight: 1 },
    service: {
      misbehave: ({ number }) => {
        if (number === 0) return { kind: 'silent', taken: false };
        return cured ? undefined : { kind: 'refusing', status: 400 };
      },
    },
  });
  const plan = { onUnknownOutcome: 'hold' } as const;
  const made = await world.export({ chunks: 1, batches: 4, recordsPerRequest: 8, plan });
  const yielded = (): number => world.results.filter(({ kind }) => kind === 'yielded').length;
  world.start();
  assert.ok(!(await world.clock.run(() => yielded() > 20, 2 * HOUR)), 'invocations that do nothing');
  assert.equal(connectorOf(world).reason?.code, 'MAPPING_REFUSED');
  assert.ok(world.service.requests.length > 10, 'it is probed');
  cured = true;
  assert.ok(!(await world.resume(2 * HOUR)));
  const [chunk] = await listChunks(world.tables.chunks, made.row.exportId);
  assert.match(`${chunk!.row.state} ${chunk!.row.batches}`, /^held h[ap]{3}$/);
});

test('413 halves until the size fits; one record alone that is too large goes to quarantine', async () => {
  const world = new DeliveryWorld({ seed: 8, service: { maxBytes: 300 } });
  await world.export({ chunks: 1, batches: 2, recordsPerRequest: 32 });
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);

  const tiny = new DeliveryWorld({ seed: 9, service: { maxBytes: 30 } });
  const made = await tiny.export({ chunks: 1, batches: 1, recordsPerRequest: 4 });
  assert.ok(await tiny.deliver(HOUR));
  assert.equal(tiny.exportRow(made.row).quarantined, 4);
});

test('a batch larger than a body may be goes out in parts', async () => {
  const world = new DeliveryWorld({ seed: 10 });
  const made = await world.export({
    chunks: 2,
    batches: 2,
    recordsPerRequest: 20,
    plan: { maxBodyBytes: 400 },
  });
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
  assert.ok(world.exportRow(made.row).requests > 8);
});
