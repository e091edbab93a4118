/** How the push side behaves; everything here may change between two attempts of one chunk without harm. Times in ms. */
export type PushSettings = {
  /** How long a claim on a chunk lasts; renewed at a third of it. */
  readonly claimMs: number;
  /** Attempts at one body in one invocation while nothing at all gets through. */
  readonly attempts: number;
  /** Time those attempts may take. */
  readonly attemptsMs: number;
  /** An invocation starts nothing new after this; what is left goes back to the queue. */
  readonly invocationBudgetMs: number;
  /** A wait up to this long is waited out in process; a longer one parks the chunk. */
  readonly shortWaitMs: number;
  /** Delay before an attempt is repeated: full jitter up to `backoffBaseMs` doubled each time, at most `backoffInProcessMs`. */
  readonly backoffBaseMs: number;
  readonly backoffInProcessMs: number;
  /** Longest delay between the probes of an outage; the first comes after some `backoffBaseMs`, doubled with each that fails. */
  readonly backoffMaxMs: number;
  /** How often a blocked connector is tried. */
  readonly probeMs: number;
  /** Ceilings of requests in flight of one connector: in this process, and of all instances together. */
  readonly maxInFlight: number;
  readonly maxInFlightTotal: number;
  /** How long an instance holds its share of `maxInFlightTotal` without renewing it, and how often it does renew it. */
  readonly slotLeaseMs: number;
  readonly slotRenewMs: number;
  /** Bytes of request bodies in memory, all chunks of the process together. */
  readonly bodyBytes: number;
  /** More records of one chunk than this refused by the service: the mapping is at fault, not the records. */
  readonly refusalsPerChunk: number;
};

/** What holds where nothing else was set. */
export const DEFAULT_PUSH_SETTINGS: PushSettings = {
  claimMs: 60_000,
  attempts: 5,
  attemptsMs: 60_000,
  invocationBudgetMs: 600_000,
  shortWaitMs: 5_000,
  backoffBaseMs: 1_000,
  backoffInProcessMs: 15_000,
  backoffMaxMs: 3_600_000,
  probeMs: 300_000,
  maxInFlight: 32,
  maxInFlightTotal: 128,
  slotLeaseMs: 15_000,
  slotRenewMs: 1_000,
  bodyBytes: 56 * 1024 * 1024,
  refusalsPerChunk: 100,
};
