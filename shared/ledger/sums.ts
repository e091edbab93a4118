import type { Tally } from './model.ts';
import type { FindingCounts } from '../schema/types.ts';

/** Figures that add up over chunks, exports and days. */
export type Sums = Tally & {
  readonly refusals: FindingCounts;
  readonly warnings: FindingCounts;
  readonly requests: number;
  readonly retries: number;
};

/** Add up figures; zero for none. */
export function sumTallies(parts: readonly Sums[]): Sums {
  const total = (pick: (part: Sums) => number): number => parts.reduce((sum, part) => sum + pick(part), 0);
  return {
    records: total((part) => part.records),
    accepted: total((part) => part.accepted),
    quarantined: total((part) => part.quarantined),
    failed: total((part) => part.failed),
    possiblyDuplicated: total((part) => part.possiblyDuplicated),
    requests: total((part) => part.requests),
    retries: total((part) => part.retries),
    refusals: addCounts(parts.map((part) => part.refusals)),
    warnings: addCounts(parts.map((part) => part.warnings)),
  };
}

/** Add up counts by name, names in order. */
function addCounts(counts: readonly FindingCounts[]): FindingCounts {
  const sums: FindingCounts = {};
  for (const each of counts)
    for (const [name, count] of Object.entries(each)) sums[name] = (sums[name] ?? 0) + count;
  return Object.fromEntries(Object.entries(sums).toSorted(([a], [b]) => a.localeCompare(b)));
}
