import type { BenchReport, BenchResult } from './support/types.ts';

/** Prices in US dollars: list prices of one region, to be replaced by one's own. */
export const PRICES = {
  /** Per 10,000 blob writes, reads, and lists, hot tier. */
  'blob write': 0.065,
  'blob read': 0.005,
  'blob list': 0.065,
  /** Per 10,000 operations on queues and on tables. */
  queue: 0.004,
  table: 0.00036,
  /** Per GB and month. */
  'blob GB month': 0.018,
  /** Per GB-second and per million executions of Flex Consumption, on demand. */
  'GB-second': 0.000026,
  'million executions': 0.4,
} as const;

export type Price = keyof typeof PRICES;

/** What a day is: how much arrives, what the connector makes of it, and how large an instance is. */
export type Day = {
  readonly records: number;
  readonly bytes: number;
  readonly recordsPerRequest: number;
  readonly chunkRecords: number;
  /** What the connector takes for a request, s. */
  readonly latencySeconds: number;
  readonly inFlight: number;
  readonly instanceGb: number;
  /** Days that exports stay in storage. */
  readonly keptDays: number;
};

export const A_DAY: Day = {
  records: 5_000_000,
  bytes: 1.91e9,
  recordsPerRequest: 5_000,
  chunkRecords: 100_000,
  latencySeconds: 1,
  inFlight: 23,
  instanceGb: 2,
  keptDays: 30,
};

/**
 * Day and prices with some of them replaced.
 * @param changes `NAME=VALUE`, the name one of a price or of a property of the day
 * @throws {Error} for an unknown name, or a value that is no number from 0 up
 */
export function withChanges(
  day: Day,
  prices: Readonly<Record<Price, number>>,
  changes: readonly string[],
): { day: Day; prices: Readonly<Record<Price, number>> } {
  const names = [...Object.keys(prices), ...Object.keys(day)];
  const given = changes.map((change): [string, number] => {
    const [name = '', value = ''] = change.split('=');
    if (!names.includes(name))
      throw new Error(`There is no "${name}" to set. There are: ${names.join(', ')}.`);
    if (!/^\d+(\.\d+)?(e\d+)?$/.test(value)) throw new Error(`${name}: ${value} is no number from 0 up.`);
    return [name, Number(value)];
  });
  const of = <T extends Day | Readonly<Record<Price, number>>>(all: T): T => ({
    ...all,
    ...Object.fromEntries(given.filter(([name]) => name in all)),
  });
  return { day: of(day), prices: of(prices) };
}

/** Minutes of a day: the sweep runs in each. */
const SWEEPS = 1_440;
/** What one sweep with nothing to do costs: it lists the exports container and asks two tables. */
const SWEEP_OPERATIONS = { 'blob list': 1, 'table read': 4, 'table write': 1 };
/** A run of the sweep that finds nothing, s; executions are billed for at least a second. */
const SWEEP_SECONDS = 1;
/** Polls of the queue trigger when nothing comes: one a minute at the longest. */
const IDLE_POLLS = 1_440;

/** One line of the cost sheet: how many of what, and what it costs a day. */
export type CostLine = { readonly what: string; readonly count: number; readonly dollars: number };

/** The bill of one day, from the operations per million records that `scale` counted. */
export function costOfADay(
  report: BenchReport,
  day: Day,
  prices: Readonly<Record<Price, number>>,
): CostLine[] {
  const figures = figuresOf(report);
  const millions = day.records / 1e6;
  const counted = (kind: string): number => (figures[`${kind}s per million`] ?? 0) * millions;
  const swept = (kind: keyof typeof SWEEP_OPERATIONS): number => SWEEPS * SWEEP_OPERATIONS[kind];
  const per10k = (count: number, price: number): number => (count / 10_000) * price;
  const line = (what: string, count: number, price: number): CostLine => ({
    what,
    count: Math.round(count),
    dollars: per10k(count, price),
  });
  const requests = Math.ceil(day.records / day.recordsPerRequest);
  const cpu = (figures['CPU s per million'] ?? 0) * millions;
  // An instance has half a processor for each GB: whichever takes longer, computing or waiting for the connector.
  const busy = Math.max(cpu / (day.instanceGb / 2), (requests / day.inFlight) * day.latencySeconds);
  const gbSeconds = (busy + SWEEPS * SWEEP_SECONDS) * day.instanceGb;
  const executions = Math.ceil(day.records / day.chunkRecords) + SWEEPS + 24 + 1;
  return [
    line('blob writes', counted('blob write'), prices['blob write']),
    line('blob reads', counted('blob read'), prices['blob read']),
    line('blob lists', swept('blob list'), prices['blob list']),
    line('queue operations', counted('queue write') + counted('queue read') + IDLE_POLLS, prices.queue),
    line(
      'table operations',
      counted('table read') + counted('table write') + swept('table read') + swept('table write'),
      prices.table,
    ),
    { what: 'GB-seconds', count: Math.round(gbSeconds), dollars: gbSeconds * prices['GB-second'] },
    { what: 'executions', count: executions, dollars: (executions / 1e6) * prices['million executions'] },
    {
      what: `GB stored (${String(day.keptDays)} days kept)`,
      count: Math.round((day.bytes / 1e9) * day.keptDays),
      dollars: ((day.bytes / 1e9) * day.keptDays * prices['blob GB month']) / 30,
    },
  ];
}

/** Figures of the largest export of `scale` with the default heap. @throws {Error} when the report lacks it */
function figuresOf({ results }: BenchReport): Readonly<Record<string, number>> {
  const rows: BenchResult['rows'] = results.find(({ name }) => name === 'scale')?.rows ?? [];
  const row = rows.find(({ what }) => what.startsWith('5,000,000')) ?? rows.at(-1);
  if (row === undefined)
    throw new Error('The report has no figures of scale. Run: npm run bench -- scale --full');
  return row.figures;
}

/** The cost sheet as docs/cost.md shows it. */
export function costTable(report: BenchReport, day: Day, prices: Readonly<Record<Price, number>>): string {
  const lines = costOfADay(report, day, prices);
  const total = lines.reduce((sum, { dollars }) => sum + dollars, 0);
  const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const money = (dollars: number): string => dollars.toFixed(4);
  return [
    row('what', 'a day', 'US$ a day', 'US$ a month'),
    row('---', '--:', '--:', '--:'),
    ...lines.map(({ what, count, dollars }) =>
      row(what, count.toLocaleString('en-US'), money(dollars), (dollars * 30).toFixed(2)),
    ),
    row('**all together**', '', `**${money(total)}**`, `**${(total * 30).toFixed(2)}**`),
  ].join('\n');
}
