import type { Random } from '../../shared/clock.ts';
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
};

const one = <Item>(random: Random, items: readonly Item[]): Item =>
  items[Math.floor(random() * items.length)]!;

function misbehaviour(random: Random): Misbehaviour {
  const dice = random();
  if (dice < 0.25) return { kind: 'silent', taken: random() < 0.5 };
  if (dice < 0.4)
    return { kind: 'refusing', status: 429, retryAfterMs: one(random, [0, 200, 3_000, 40_000, HOUR]) };
  if (dice < 0.5) return { kind: 'refusing', status: 401 };
  if (dice < 0.53) return { kind: 'refusing', status: 403 };
  return { kind: 'refusing', status: one(random, [408, 425, 429, 500, 502, 503, 504]) };
}

/** Deliver a small export under the faults that `seed` stands for, and judge the outcome. Empty when every promise was kept. */
export async function runSchedule(seed: number): Promise<string[]> {
  const random = seededRandom(seed);
  const weather: Weather = {
    until: one(random, [2_000, 60_000, HOUR, 12 * HOUR]) * random(),
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
      misbehave: () => (stormy() && random() < weather.service ? misbehaviour(random) : undefined),
      latency: () => one(random, [20, 300, 30_000]) * random(),
    },
  });
  await world.export({
    chunks: 3,
    batches: 3,
    recordsPerRequest: 4,
    invalid: one(random, [0, 0.1]),
    offending: one(random, [0, 0, 0.05]),
    plan: { maxBodyBytes: one(random, [250, 2 ** 20]) },
  });
  for (let i = 0; i < weather.repeats; i++) {
    const message = JSON.parse(one(random, world.queue.texts())) as object;
    await world.queue.send(message, random() * weather.until);
  }
  await world.deliver();
  return judgeWorld(world);
}
