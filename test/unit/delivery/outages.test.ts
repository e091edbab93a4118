import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECTOR_ROW_KEY, fromConnectorTableRow } from '../../../shared/ledger/connectorRows.ts';
import { DeliveryWorld, type WorldOptions } from '../../support/deliveryWorld.ts';
import type { ExportShape } from '../../support/deliveryExport.ts';
import { judgeWorld } from '../../support/oracle.ts';
import type { Misbehaviour } from '../../support/simulatedService.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const SMALL: ExportShape = { chunks: 3, batches: 4, recordsPerRequest: 4, invalid: 0.05 };

/** A world whose service misbehaves as `wrong` says, given the virtual ms since the start and the number of the request. */
function worldWith(
  wrong: (ms: number, request: number) => Misbehaviour | undefined,
  options: Partial<WorldOptions> = {},
): DeliveryWorld {
  const world: DeliveryWorld = new DeliveryWorld({
    seed: 7,
    processes: 2,
    ...options,
    service: { misbehave: ({ number }) => wrong(world.clock.monotonic(), number), ...options.service },
  });
  return world;
}

const connectorOf = (world: DeliveryWorld): ReturnType<typeof fromConnectorTableRow> =>
  fromConnectorTableRow(
    world.tables.connectors.rows().find(({ row }) => row.rowKey === CONNECTOR_ROW_KEY)!.row,
  );

test('a service that is down for 8 days is probed about hourly, by one at a time, and then takes everything', async () => {
  const world = worldWith((ms) => (ms < 8 * DAY ? { kind: 'refusing', status: 503 } : undefined));
  await world.export(SMALL);
  assert.ok(await world.deliver(9 * DAY));
  assert.deepEqual(await judgeWorld(world), []);
  const wasted = world.service.requests.filter(({ outcome }) => outcome !== 'HTTP_200');
  assert.ok(wasted.length < 600, `${wasted.length} requests in 8 days`);
  const late = wasted.filter(({ at }) => at > world.service.requests[0]!.at + DAY);
  for (let i = 1; i < late.length; i++)
    assert.ok(late[i]!.at - late[i - 1]!.at > 600_000, 'probes come one by one');
});

for (const first of [1, 5, 30]) {
  test(`a service that fails the first ${first} requests is no reason to do anything`, async () => {
    const world = worldWith((_ms, number) =>
      number < first ? { kind: 'silent', taken: number % 2 === 0 } : undefined,
    );
    await world.export(SMALL);
    assert.ok(await world.deliver(DAY));
    assert.deepEqual(await judgeWorld(world), []);
  });
}

test('429 without Retry-After for a day: the pace falls to one at a time, nothing is poisoned, all arrives', async () => {
  const world = worldWith((ms) => (ms < DAY ? { kind: 'refusing', status: 429 } : undefined));
  await world.export(SMALL);
  assert.ok(await world.deliver(2 * DAY));
  assert.deepEqual(await judgeWorld(world), []);
  assert.equal(world.exportRow(world.exports[0]!.row).possiblyDuplicated, 0);
});

test('no request begins between the commit of a Retry-After and its instant, whichever of two processes asks', async () => {
  for (const retryAfterMs of [1_000, 30_000, 3 * HOUR]) {
    const world = worldWith((_ms, number) =>
      number % 7 === 3 && number < 40 ? { kind: 'refusing', status: 429, retryAfterMs } : undefined,
    );
    const commits: { at: number; until: number }[] = [];
    world.tables.connectors.onWrite = ({ gateUntil }) => {
      if (typeof gateUntil === 'string')
        commits.push({ at: world.clock.now(), until: Date.parse(gateUntil) });
    };
    await world.export({ ...SMALL, chunks: 4 });
    assert.ok(await world.deliver(30 * DAY));
    assert.deepEqual(await judgeWorld(world), []);
    assert.ok(commits.length > 2, 'the gate was shut');
    for (const { at } of world.service.requests) {
      const shut = commits.find((commit) => at > commit.at && at < commit.until);
      assert.equal(shut, undefined);
    }
  }
});

test('a Retry-After beyond the longest sleep of a message is kept to its instant', async () => {
  const world = worldWith((_ms, number) =>
    number === 3 ? { kind: 'refusing', status: 429, retryAfterMs: 10 * DAY } : undefined,
  );
  await world.export(SMALL);
  assert.ok(await world.deliver(11 * DAY));
  assert.deepEqual(await judgeWorld(world), []);
  const throttled = world.service.requests.find(({ outcome }) => outcome === 'HTTP_429')!.at;
  const gate = Date.parse(connectorOf(world).gateUntil ?? '');
  assert.ok(gate >= throttled + 10 * DAY);
  // What was in flight when the answer came may begin no more than a moment later.
  const early = world.service.requests.filter(({ at }) => at > throttled + 60_000 && at < gate);
  assert.deepEqual(early, []);
});

test('a wrong configuration blocks the connector after few requests, alerts once, and heals by itself when cured', async () => {
  const cured = 2 * HOUR;
  const world = worldWith((ms) => (ms < cured ? { kind: 'refusing', status: 403 } : undefined));
  await world.export(SMALL);
  world.start();
  await world.clock.run(() => false, HOUR);
  const { circuit, kind, reason } = connectorOf(world);
  assert.deepEqual([circuit, kind, reason?.code], ['open', 'blocked', 'HTTP_403']);
  assert.equal(world.logged.filter(({ event }) => event === 'connector.blocked').length, 1);
  // At first as many as were in flight, then one probe in 5 minutes.
  assert.ok(world.service.requests.length < 16 + 13, `${world.service.requests.length} requests in an hour`);
  assert.ok(world.service.renewals > 5, 'each probe asks for the secret anew');
  assert.ok(await world.deliver(DAY));
  assert.deepEqual(await judgeWorld(world), []);
});

test('a token that expires in the middle costs one renewal and no duplicate; a second 401 blocks', async () => {
  let valid = true;
  const world = worldWith(
    (_ms, number) => {
      if (number === 3) valid = false;
      if (world.service.renewals > 0) valid = true;
      return valid ? undefined : { kind: 'refusing', status: 401 };
    },
    { processes: 1 },
  );
  await world.export(SMALL);
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
  assert.equal(world.service.renewals, 1);
  assert.equal(world.exportRow(world.exports[0]!.row).possiblyDuplicated, 0);

  const refusing = worldWith(() => ({ kind: 'refusing', status: 401 }), { processes: 1 });
  await refusing.export(SMALL);
  assert.ok(!(await refusing.deliver(60_000)));
  assert.equal(connectorOf(refusing).kind, 'blocked');
});

test('two processes share an export: no batch is sent by both, and both work', async () => {
  const world = worldWith(() => undefined, { settings: { maxInFlightTotal: 8 } });
  await world.export({ chunks: 12, batches: 20, recordsPerRequest: 2 });
  assert.ok(await world.deliver(HOUR));
  assert.deepEqual(await judgeWorld(world), []);
  assert.equal(world.service.requests.length, 240);
  assert.ok(world.service.mostInFlight <= 8);
  const byFirst = world.service.requests.filter(({ from }) => from === 'p1').length;
  assert.ok(byFirst > 60 && byFirst < 180, `${byFirst} of 240 by the first process`);
});

test('a probe that takes minutes stays alone; one whose process died is followed by another within a minute', async () => {
  const down = (ms: number): boolean => ms < 120_000;
  let diesAt: number | undefined;
  let begun = 0;
  const world: DeliveryWorld = worldWith((ms) => (down(ms) ? { kind: 'refusing', status: 503 } : undefined), {
    service: { latency: () => (down(world.clock.monotonic()) ? 50 : 300_000) },
    fault: ({ port, when }, crash) => {
      if (port !== 'service.send' || when !== 'before' || down(world.clock.monotonic())) return;
      if (++begun > 1) return;
      diesAt = world.clock.now();
      crash();
    },
  });
  await world.export(SMALL);
  assert.ok(await world.deliver(DAY));
  assert.deepEqual(await judgeWorld(world), []);
  const [probe, next] = world.service.requests.filter(({ outcome }) => outcome === 'HTTP_200');
  assert.ok(probe!.at - diesAt! < 75_000, `${probe!.at - diesAt!} ms after the death`);
  assert.ok(next!.at - probe!.at >= 300_000, `${next!.at - probe!.at} ms after the probe began`);
});
