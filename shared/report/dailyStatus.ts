import { addDays, dayOf, instantOn, type Day } from './days.ts';
import { missingAlert, put, read, WRITTEN } from './marks.ts';
import { forgetOldMonths, type RetentionServices } from './retention.ts';
import { writeDay, writeLatest, type StatusServices } from './writeStatus.ts';
import type { DayStatus } from './types.ts';

/** Most days that one run writes of those that were missed while nothing ran, and of those that were not final: the next goes on. */
const MOST_DAYS_A_RUN = 31;
/** Most days that are kept in mind as not final: a text in a table holds 32 Ki characters. */
const MOST_PENDING = 2_000;

export type DailyServices = StatusServices &
  RetentionServices & {
    /** Hour of the time zone from which yesterday's status is written, 0 to 23. */
    readonly reportHour: number;
  };

/**
 * What the timer does, each hour: write the days that are due (yesterday from the set hour on, those missed before as far as the
 * ledger has them, and any whose exports went on since), today's so far, and `latest`. Runs that come late, twice or at once do no harm.
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
  const { days, upTo, later } = await dueDays(newest, services);
  const written: DayStatus[] = [];
  for (const day of days) {
    const { status } = await writeDay(day, services);
    written.push(status);
    await alertMissing(status, services);
  }
  const unfinished = written.filter(({ final }) => !final).map(({ day }) => day);
  const pending = [...new Set([...later, ...unfinished])].slice(0, MOST_PENDING);
  await put(tables.marks, { ...WRITTEN, day: upTo, pending: JSON.stringify(pending) });
  const { status, names } = await writeDay(today, services);
  await alertMissing(status, services);
  const latest = await writeLatest(services, [...written, status]);
  log.info('report.heartbeat', { state: today });
  await forgetOldMonths(services);
  return [...names, ...latest];
}

/**
 * Days to write in this run: the newest in any case, those behind the last one written, oldest first, and written ones that were not
 * final yet, by turns.
 * @returns beside them the day up to which all are written then, and days that were not final and have to wait
 */
async function dueDays(
  newest: Day,
  { tables, retentionDays }: DailyServices,
): Promise<{ readonly days: readonly Day[]; readonly upTo: Day; readonly later: readonly Day[] }> {
  const stored = await read(tables.marks, WRITTEN);
  const oldest = addDays(newest, -retentionDays);
  let upTo = typeof stored?.row['day'] === 'string' ? stored.row['day'] : addDays(newest, -1);
  const missed: Day[] = [];
  while (upTo < newest && missed.length < MOST_DAYS_A_RUN) {
    upTo = upTo < oldest ? oldest : addDays(upTo, 1);
    missed.push(upTo);
  }
  const pending = (JSON.parse(String(stored?.row['pending'] ?? '[]')) as Day[]).filter(
    (day) => day >= oldest,
  );
  const again = pending.slice(0, MOST_DAYS_A_RUN);
  const ahead = upTo < newest ? [newest] : [];
  const days = [...new Set([...missed, ...again, ...ahead])].toSorted();
  return { days, upTo, later: pending.slice(MOST_DAYS_A_RUN) };
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
