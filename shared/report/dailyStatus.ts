import { addDays, dayOf, instantOn, type Day } from './days.ts';
import { missingAlert, put, read, WRITTEN } from './marks.ts';
import { forgetOldMonths, type RetentionServices } from './retention.ts';
import { writeDay, writeLatest, type StatusServices } from './writeStatus.ts';
import type { DayStatus } from './types.ts';

/** How far back days are written that were missed while nothing ran. */
const MOST_DAYS_BACK = 31;

export type DailyServices = StatusServices &
  RetentionServices & {
    /** Hour of the time zone from which yesterday's status is written, 0 to 23. */
    readonly reportHour: number;
  };

/**
 * What the timer does, each hour: write the days that are due (yesterday from the set hour on, those missed before, and any
 * whose exports went on since), today's so far, and `latest`. Runs that come late, twice or at once do no harm.
 * Reports each connector without an export once a day (`export.missing`), and that it ran at all (`report.heartbeat`); then forgets
 * what is older than the retention.
 *
 * @returns names of the blobs of today's status
 */
export async function reportDailyStatus(services: DailyServices): Promise<string[]> {
  const { clock, settings, log, tables } = services;
  const now = clock.now();
  const today = dayOf(now, settings.timeZone);
  const hour = `${String(services.reportHour).padStart(2, '0')}:00`;
  const newest = now >= instantOn(today, hour, settings.timeZone) ? addDays(today, -1) : addDays(today, -2);
  const pending: Day[] = [];
  const written: DayStatus[] = [];
  for (const day of await daysFrom(newest, services)) {
    const { status } = await writeDay(day, services);
    written.push(status);
    if (!status.final) pending.push(day);
    await alertMissing(status, services);
  }
  await put(tables.marks, { ...WRITTEN, day: newest, pending: JSON.stringify(pending) });
  const { status, names } = await writeDay(today, services);
  await alertMissing(status, services);
  const latest = await writeLatest(services, [...written, status]);
  log.info('report.heartbeat', { state: today });
  await forgetOldMonths(services);
  return [...names, ...latest];
}

/** Days to write: those after the newest one written, and written ones that were not final yet. */
async function daysFrom(newest: Day, { tables }: DailyServices): Promise<Day[]> {
  const stored = await read(tables.marks, WRITTEN);
  const last = typeof stored?.row['day'] === 'string' ? stored.row['day'] : addDays(newest, -1);
  const pending = stored ? (JSON.parse(String(stored.row['pending'] ?? '[]')) as Day[]) : [];
  const oldest = addDays(newest, 1 - MOST_DAYS_BACK);
  const days = new Set(pending.filter((day) => day >= oldest));
  for (let day = last < oldest ? oldest : addDays(last, 1); day <= newest; day = addDays(day, 1))
    days.add(day);
  return [...days].toSorted();
}

async function alertMissing({ day, connectors }: DayStatus, { tables, log }: DailyServices): Promise<void> {
  for (const { connector, missing } of connectors) {
    if (!missing) continue;
    const alerted = missingAlert(day, connector);
    if (await read(tables.marks, alerted)) continue;
    log.error('export.missing', { connector, state: day });
    await put(tables.marks, alerted);
  }
}
