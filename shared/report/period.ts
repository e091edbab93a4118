import { collectDay, type ReportSettings, type ReportTables } from './collect.ts';
import { addDays, addMonths, type Day } from './days.ts';
import { monthOf, monthsBetween, type MonthSummary } from './months.ts';
import { lastForgotten } from './retention.ts';
import type { DayStatus } from './types.ts';

/** What was sent in a period: each day as the ledger has it now, and the sums of months that are older than the retention. */
export type PeriodStatus = {
  readonly version: 1;
  readonly from: Day;
  readonly to: Day;
  readonly timeZone: string;
  readonly writtenAt: string;
  readonly days: readonly DayStatus[];
  /** Whole months of which only sums are kept, for each connector; those that the period touches. */
  readonly months: readonly MonthSummary[];
};

/**
 * The status of the days from `from` to `to`, both included.
 *
 * @param now UTC ms
 */
export async function collectPeriod(
  from: Day,
  to: Day,
  tables: ReportTables,
  settings: ReportSettings,
  now: number,
): Promise<PeriodStatus> {
  const forgotten = await lastForgotten(tables.marks);
  const months: MonthSummary[] = [];
  if (monthOf(from) <= forgotten) {
    const last = monthOf(to) < forgotten ? monthOf(to) : forgotten;
    for (const connector of [...settings.connectors, ''])
      months.push(...(await monthsBetween(tables.marks, connector, monthOf(from), last)));
  }
  const firstKept: Day = forgotten === '' ? from : `${addMonths(forgotten, 1)}-01`;
  const days: DayStatus[] = [];
  for (let day = from > firstKept ? from : firstKept; day <= to; day = addDays(day, 1))
    days.push(await collectDay(day, tables, settings, now));
  const { timeZone } = settings;
  return { version: 1, from, to, timeZone, writtenAt: new Date(now).toISOString(), days, months };
}
