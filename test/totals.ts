/** A test that failed: where it stands, its name, and what went wrong. */
export type Failure = { readonly where: string; readonly what: string; readonly details: string };

export type Totals = {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
};

export const NOTHING: Totals = { passed: 0, skipped: 0, failures: [] };

export function addTotals(a: Totals, b: Totals): Totals {
  return {
    passed: a.passed + b.passed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}
