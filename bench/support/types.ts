/** How a run of the benchmarks is asked for. */
export type BenchOptions = {
  /** Measure what takes minutes as well. */
  readonly full: boolean;
};

/** One line of a benchmark's table: what was measured, its figures by name (units in the name), and what the aim is. */
export type Row = {
  readonly what: string;
  readonly figures: Readonly<Record<string, number>>;
};

/** A figure that has an aim: `least` or `most` it may be. */
export type Verdict = {
  readonly what: string;
  readonly value: number;
  readonly least?: number;
  readonly most?: number;
};

/** What a benchmark found; every verdict is against a reference that was measured in the same run. */
export type BenchResult = {
  readonly name: string;
  /** What was done to what, in a sentence. */
  readonly about: string;
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
};

/** A benchmark by the name that the command line knows. */
export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** Everything of a run, as `--json` prints it and docs/performance.json keeps it. */
export type BenchReport = {
  /** UTC. */
  readonly at: string;
  readonly node: string;
  readonly machine: { readonly cores: number; readonly model: string; readonly memoryGib: number };
  readonly full: boolean;
  readonly results: readonly BenchResult[];
};
