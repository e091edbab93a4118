import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { replay } from '../../../shared/delivery/replay.ts';
import { fromChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import {
  CONNECTOR_ROW_KEY,
  fromConnectorTableRow,
  newConnectorRow,
  toConnectorTableRow,
} from '../../../shared/ledger/connectorRows.ts';
import { connectorKey, type ConnectorRow } from '../../../shared/ledger/model.ts';
import type { MadeExport } from '../../support/deliveryExport.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

// What stands between a request and its first byte, in virtual time.
const HOUR = 3_600_000;
const DAY = 86_400_000;
const ONE = { chunks: 1, batches: 1, recordsPerRequest: 4 };

/** Another instance changes the connector's row at this instant. */
async function change(world: DeliveryWorld, to: (row: ConnectorRow) => ConnectorRow): Promise<void> {
  const table = world.tables.connectors;
  const stored = await table.get(connectorKey('healthcare'), CONNECTOR_ROW_KEY);
  if (stored === undefined) await table.insert(toConnectorTableRow(to(newConnectorRow('healthcare'))));
  else await table.replace(toConnectorTableRow(to(fromConnectorTableRow(stored.row))), stored.etag);
}

const closeGate = (world: DeliveryWorld, until: number): Promise<void> =>
  change(world, (row) => ({ ...row, gateUntil: new Date(until).toISOString() }));

/** Requests and repetitions as the ledger counts them. */
function counted(world: DeliveryWorld, { row }: MadeExport): { requests: number; retries: number } {
  const { requests, retries } = world.exportRow(row);
  return { requests, retries };
}

test('token and connection, then the mark, then the look, then the first byte: nothing between', async () => {
  const calls: string[] = [];
  const world = new DeliveryWorld({
    seed: 1,
    fault: ({ port, when }) => void calls.push(`${port} ${when}`),
    service: { preparing: () => ({ ms: 5_000 }) },
  });
  await world.export(ONE);
  assert.ok(await world.deliver(HOUR));
  const begin = calls.indexOf('service.send before');
  assert.deepEqual(calls.slice(begin - 5, begin + 1), [
    'service.prepare after',
    'chunks.replace before',
    'chunks.replace after',
    'connectors.get before',
    'connectors.get after',
    'service.send before',
  ]);
});

for (const moment of ['service.prepare before', 'service.prepare after', 'chunks.replace after']) {
  test(`a Retry-After that another instance commits at "${moment}" is heeded; what did not go out is not counted`, async () => {
    let until = 0;
    const world: DeliveryWorld = new DeliveryWorld({
      seed: 2,
      fault: async ({ port, when }) => {
        const isMark = world.tables.chunks.rows().some(({ row }) => String(row['batches']).includes('s'));
        if (until > 0 || `${port} ${when}` !== moment || (port === 'chunks.replace' && !isMark)) return;
        until = world.clock.now() + 3_000;
        await closeGate(world, until);
      },
      service: { preparing: () => ({ ms: 100 }) },
    });
    const made = await world.export(ONE);
    assert.ok(await world.deliver(HOUR));
    assert.deepEqual(await judgeWorld(world), []);
    assert.ok(until > 0);
    assert.equal(world.service.requests.length, 1);
    assert.ok(world.service.requests[0]!.at >= until, 'not before its instant');
    assert.deepEqual(counted(world, made), { requests: 1, retries: 0 });
    assert.equal(world.service.prepared, 0, 'what was prepared is given back');
  });
}

test('however slow tokens, connections and marks are: no request between the commit of a Retry-After and its instant', async () => {
  for (const seed of [3, 4, 5]) {
    const world: DeliveryWorld = new DeliveryWorld({
      seed,
      processes: 2,
      fault: async ({ port, when }) => {
        if (port === 'chunks.replace' && when === 'before') await world.clock.sleep(2_000 * world.random());
      },
      service: {
        preparing: () => ({
          ms: world.random() < 0.3 ? 60_000 * world.random() : 0,
          ...(world.random() < 0.1 ? { fails: world.random() < 0.5 ? 'token' : 'connection' } : {}),
        }),
        misbehave: ({ number }) =>
          number % 5 === 3 && number < 60
            ? { kind: 'refusing', status: 429, retryAfterMs: [900, 4_000, 40_000][number % 3]! }
            : undefined,
      },
    });
    const commits: { at: number; until: number }[] = [];
    world.tables.connectors.onWrite = ({ gateUntil }) => {
      if (typeof gateUntil === 'string')
        commits.push({ at: world.clock.now(), until: Date.parse(gateUntil) });
    };
    // One of them in parts.
    const plan = { maxBodyBytes: seed === 5 ? 250 : 2 ** 20 };
    const made = await world.export({ chunks: 4, batches: 8, recordsPerRequest: 8, plan });
    assert.ok(await world.deliver(DAY));
    assert.deepEqual(await judgeWorld(world), []);
    assert.ok(commits.length > 5, 'the gate was shut');
    for (const { at } of world.service.requests) {
      const shut = commits.find((commit) => at > commit.at && at < commit.until);
      assert.equal(shut, undefined);
    }
    assert.equal(counted(world, made).requests, world.service.requests.length);
    assert.equal(world.service.prepared, 0);
  }
});

test('a process that stood still after its last look looks again', async () => {
  const looks: number[] = [];
  let stood = 0;
  const world: DeliveryWorld = new DeliveryWorld({
    seed: 6,
    fault: async ({ port, when }) => {
      if (port === 'connectors.get' && when === 'before') looks.push(world.clock.now());
      if (port === 'service.send' && when === 'before' && stood++ < 3) await world.clock.sleep(300);
    },
  });
  const made = await world.export(ONE);
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
  assert.equal(stood, 4);
  const [request] = world.service.requests;
  assert.ok(looks.some((at) => at <= request!.at && request!.at - at <= 250));
  assert.deepEqual(counted(world, made), { requests: 1, retries: 0 });
});

describe('a request that could not be prepared', () => {
  test('is neither marked nor counted, and leaves what is unknown as it is', async () => {
    let prepared = 0;
    const world: DeliveryWorld = new DeliveryWorld({
      seed: 7,
      service: {
        preparing: () => (++prepared === 2 || prepared === 3 ? { fails: 'token' } : {}),
        misbehave: ({ number }) => (number === 0 ? { kind: 'silent', taken: true } : undefined),
      },
    });
    const made = await world.export(ONE);
    const letters: string[] = [];
    world.tables.chunks.onWrite = (row) => void letters.push(String(row['batches']));
    assert.ok(await world.deliver(HOUR));
    assert.deepEqual(await judgeWorld(world), []);
    assert.equal(prepared, 4);
    assert.deepEqual(counted(world, made), { requests: 2, retries: 1 });
    assert.equal(world.exportRow(made.row).possiblyDuplicated, 4);
    assert.ok(!letters.slice(letters.indexOf('s')).includes('u'), 'it may have been received all the while');
  });

  test('is not held for a human to decide on: nothing about it is unknown', async () => {
    let failing = 0;
    let silent = true;
    const world: DeliveryWorld = new DeliveryWorld({
      seed: 8,
      service: {
        preparing: () => (failing-- > 0 ? { fails: 'connection' } : {}),
        misbehave: () => (silent ? { kind: 'silent', taken: false } : undefined),
      },
    });
    const made = await world.export({ ...ONE, plan: { onUnknownOutcome: 'hold' } });
    assert.equal(await world.deliver(HOUR), false);
    const letter = (): string =>
      world.tables.chunks.rows().map(({ row }) => fromChunkTableRow(row).batches)[0]!;
    assert.equal(letter(), 'h');
    silent = false;
    failing = 2;
    await replay(made.row, world.splitServices());
    assert.ok(await world.resume(HOUR));
    assert.equal(letter(), 'a');
    assert.deepEqual(await judgeWorld(world), []);
  });

  test('for hours opens the circuit, and is probed like any other outage', async () => {
    const world: DeliveryWorld = new DeliveryWorld({
      seed: 9,
      service: {
        preparing: () => (world.clock.monotonic() < 3 * HOUR ? { fails: 'token', ms: 100 } : {}),
      },
    });
    const made = await world.export({ chunks: 2, batches: 4, recordsPerRequest: 4 });
    assert.ok(await world.deliver(DAY));
    assert.deepEqual(await judgeWorld(world), []);
    assert.deepEqual(counted(world, made), { requests: 8, retries: 0 });
    assert.ok(world.logged.some(({ event }) => event === 'connector.down'));
    assert.equal(world.logged.filter(({ event }) => event === 'connector.recovered').length, 1);
  });
});

test('the probe of a blocked connector has its new credential before it is prepared, and keeps its right meanwhile', async () => {
  const renewals: { prepared: number; begun: number }[] = [];
  let prepared = 0;
  let preparing = 0;
  const world: DeliveryWorld = new DeliveryWorld({
    seed: 10,
    processes: 2,
    service: {
      preparing: () => {
        prepared = world.service.renewals;
        preparing++;
        return { ms: world.clock.monotonic() > 10_000 ? 70_000 : 0 };
      },
      misbehave: () => {
        if (world.clock.monotonic() > 10_000) renewals.push({ prepared, begun: world.service.renewals });
        return world.clock.monotonic() < HOUR ? { kind: 'refusing', status: 403 } : undefined;
      },
    },
  });
  await world.export({ chunks: 3, batches: 2, recordsPerRequest: 4 });
  world.start();
  await world.clock.run(() => false, HOUR / 2);
  const probes = renewals.length;
  assert.ok(probes >= 3 && probes < 7, `${probes} probes in half an hour`);
  assert.ok(preparing < 20, 'nobody else prepares a request while a probe is under way');
  for (const { prepared, begun } of renewals) assert.equal(begun, prepared);
  assert.ok(renewals.at(-1)!.begun >= probes, 'each with a credential of its own');
  assert.ok(await world.deliver(DAY));
  assert.deepEqual(await judgeWorld(world), []);
});
