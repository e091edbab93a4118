import { ConflictError } from '../errors.ts';
import type { FindingCounts } from '../schema/types.ts';
import type { TableRow, TableStore } from '../storage/tables.ts';
import type { Day } from './days.ts';
import { monthsOf } from './marks.ts';
import { sumTallies, type Sums } from '../ledger/sums.ts';
import type { DayStatus } from './types.ts';

/** A calendar month of the report's time zone, `YYYY-MM`. */
export type Month = string;

/** What stays of a connector's month when its exports are forgotten. `connector` is '' for blobs in no connector's folder. */
export type MonthSummary = Sums & {
  readonly month: Month;
  readonly connector: string;
  readonly exports: number;
  /** Days on which no export arrived. */
  readonly missingDays: number;
};

export const monthOf = (day: Day): Month => day.slice(0, 7);

/** The sums of a month, one for each connector, from the status of its days. */
export function monthSummaries(month: Month, days: readonly DayStatus[]): MonthSummary[] {
  const names = new Set(days.flatMap(({ connectors }) => connectors.map(({ connector }) => connector)));
  const summaries = [...names].map((connector): MonthSummary => {
    const own = days.flatMap(({ connectors }) => connectors.filter((each) => each.connector === connector));
    return {
      month,
      connector,
      exports: own.reduce((sum, { exports }) => sum + exports.length, 0),
      missingDays: own.filter(({ missing }) => missing).length,
      ...sumTallies(own),
    };
  });
  const strays = days.flatMap((day) => day.strays);
  return strays.length === 0
    ? summaries
    : [...summaries, { month, connector: '', exports: strays.length, missingDays: 0, ...sumTallies(strays) }];
}

/** Keep a month's sums for good. The first to write them wins: afterwards its exports are being deleted. */
export async function keepMonth(
  marks: TableStore,
  { month, refusals, warnings, ...rest }: MonthSummary,
): Promise<void> {
  const row: TableRow = {
    partitionKey: monthsOf(rest.connector),
    rowKey: month,
    ...rest,
    refusals: JSON.stringify(refusals),
    warnings: JSON.stringify(warnings),
  };
  await marks.insert(row).catch((error: unknown) => {
    if (!(error instanceof ConflictError)) throw error;
  });
}

/** Kept months of a connector from `from` to `to`, both included. */
export async function monthsBetween(
  marks: TableStore,
  connector: string,
  from: Month,
  to: Month,
): Promise<MonthSummary[]> {
  const months: MonthSummary[] = [];
  for await (const { row } of marks.list({
    partitionKey: monthsOf(connector),
    from,
    to: `${to}~`,
  })) {
    months.push(fromRow(row, connector));
  }
  return months;
}

function fromRow(row: TableRow, connector: string): MonthSummary {
  const number = (name: string): number => Number(row[name] ?? 0);
  const counts = (name: string): FindingCounts => JSON.parse(String(row[name] ?? '{}')) as FindingCounts;
  return {
    month: row.rowKey,
    connector,
    exports: number('exports'),
    missingDays: number('missingDays'),
    records: number('records'),
    accepted: number('accepted'),
    quarantined: number('quarantined'),
    failed: number('failed'),
    possiblyDuplicated: number('possiblyDuplicated'),
    requests: number('requests'),
    retries: number('retries'),
    refusals: counts('refusals'),
    warnings: counts('warnings'),
  };
}
