import type { Random } from '../../shared/clock.ts';
import { replay } from '../../shared/delivery/replay.ts';
import { DEFAULT_SPLIT_SETTINGS } from '../../shared/export/services.ts';
import { DeliveryWorld, StorageFault, type PortFault } from './deliveryWorld.ts';
import { judgeWorld } from './oracle.ts';
import type { Misbehaviour } from './simulatedService.ts';
import { seededRandom } from './virtualClock.ts';

const HOUR = 3_600_000;

/** What one schedule does to the world, all of it decided by the seed. */
type Weather = {
  /** After this no more faults happen, virtual ms from the start. */
  readonly until: number;
  readonly storage: number;
  readonly crash: number;
  readonly service: number;
  readonly slowness: number;
  /** Messages repeated at random moments. */
  readonly repeats: number;
  /** A human is needed at the end: unknown outcomes are held, or the service says that it did not save all. */
  readonly wantsHuman: boolean;
};

const one = <Item>(random: Random, items: readonly Item[]): Item =>
  items[Math.floor(random() * items.length)]!;

function misbehaviour(random: Random, gaps: boolean): Misbehaviour {
  const dice = random();
  if (gaps && dice < 0.1) return { kind: 'gap', gap: 1 };
  if (dice < 0.25) return { kind: 'silent', taken: random() < 0.5 };
  if (dice < 0.4)
    return { kind: 'refusing', status: 429, retryAfterMs: one(random, [0, 200, 3_000, 40_000, HOUR]) };
  if (dice < 0.5) return { kind: 'refusing', status: 401 };
  if (dice < 0.53) return { kind: 'refusing', status: 403 };
  return { kind: 'refusing', status: one(random, [408, 425, 429, 500, 502, 503, 504]) };
}

/** Replay what is held or failed, until everything has been sent and saved. The replay may fail or die like anything else. */
async function deliverWithHuman(world: DeliveryWorld): Promise<void> {
  await world.deliver(4 * HOUR);
  for (let i = 0; i < 10; i++) {
    const { services } = world.process();
    const tables = { ...world.splitServices().tables, ...services.tables };
    const operator = { ...world.splitServices(), ...services, tables, settings: DEFAULT_SPLIT_SETTINGS };
    const open = world.exports.filter(({ row }) => !world.exportRow(row).state.startsWith('completed'));
    if (open.length === 0) return;
    let done = false;
    const replays = Promise.all(open.map(({ row }) => replay(row, operator)));
    void replays.catch(() => undefined).finally(() => (done = true));
    await world.clock.run(() => done, HOUR);
    await world.resume(4 * HOUR);
  }
}

/** Deliver a small export under the faults that `seed` stands for, and judge the outcome. Empty when every promise was kept. */
export async function runSchedule(seed: number): Promise<string[]> {
  const random = seededRandom(seed);
  const wantsHuman = random() < 0.1;
  const weather: Weather = {
    wantsHuman,
    until: random() * (random() < 0.03 && !wantsHuman ? 12 * HOUR : one(random, [2_000, 60_000, 600_000])),
    storage: one(random, [0, 0, 0.01, 0.1]),
    crash: one(random, [0, 0, 0.005, 0.02]),
    service: one(random, [0, 0.05, 0.3, 1]),
    slowness: one(random, [0, 5, 300]),
    repeats: one(random, [0, 0, 3]),
  };
  const stormy = (): boolean => world.clock.monotonic() < weather.until;
  const fault: PortFault = async ({ port, when }, crash) => {
    if (weather.slowness > 0) await world.clock.sleep(weather.slowness * random() * random());
    if (!stormy()) return;
    if (random() < weather.crash) crash();
    else if (!port.startsWith('service') && random() < weather.storage)
      throw new StorageFault(`${port} ${when}`);
  };
  const world = new DeliveryWorld({
    seed: seed + 1,
    processes: one(random, [1, 2, 3]),
    batchSize: one(random, [1, 2]),
    fault,
    settings: { claimMs: one(random, [5_000, 60_000]), maxInFlightTotal: one(random, [4, 64]) },
    service: {
      misbehave: () =>
        stormy() && random() < weather.service ? misbehaviour(random, wantsHuman) : undefined,
      latency: () => one(random, [20, 300, 30_000]) * random(),
    },
  });
  await world.export({
    chunks: 3,
    batches: 3,
    recordsPerRequest: 4,
    invalid: one(random, [0, 0.1]),
    offending: one(random, [0, 0, 0.05]),
    plan: {
      maxBodyBytes: one(random, [250, 2 ** 20]),
      onUnknownOutcome: wantsHuman && random() < 0.5 ? 'hold' : 'resend',
    },
  });
  for (let i = 0; i < weather.repeats; i++) {
    const message = JSON.parse(one(random, world.queue.texts())) as object;
    await world.queue.send(message, random() * weather.until);
  }
  if (!wantsHuman) await world.deliver();
  else await deliverWithHuman(world);
  return judgeWorld(world);
}
