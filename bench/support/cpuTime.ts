import { median } from './figures.ts';

/** Something that keeps the thread busy, and how many bytes it goes through. */
export type Work = {
  readonly name: string;
  readonly bytes: number;
  readonly run: () => void | Promise<void>;
};

/**
 * CPU time that each work takes, seconds, median of `rounds`; what collecting garbage takes in other threads counts. The works
 * take turns, so that a machine that becomes slower does so for all; time in which the process does not run is not counted.
 */
export async function cpuSeconds(works: readonly Work[], rounds: number): Promise<Map<string, number>> {
  const taken = new Map(works.map(({ name }) => [name, [] as number[]]));
  // The first round lets the compiler see what is hot.
  for (let round = -1; round < rounds; round++) {
    for (const { name, run } of works) {
      const before = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) taken.get(name)?.push((user + system) / 1e6);
    }
  }
  return new Map([...taken].map(([name, seconds]) => [name, median(seconds)]));
}
