import { DateTime } from 'luxon';

/** A calendar day of a time zone, `YYYY-MM-DD`. */
export type Day = string;

/** The day of the zone in which an instant lies. @param instant UTC ms */
export const dayOf = (instant: number, timeZone: string): Day =>
  DateTime.fromMillis(instant, { zone: timeZone }).toFormat('yyyy-MM-dd');

/** First and last instant of a day: [from, to) in UTC ms. 23 or 25 hours long when daylight saving changes on it. */
export function boundsOf(day: Day, timeZone: string): { readonly from: number; readonly to: number } {
  const start = DateTime.fromISO(day, { zone: timeZone }).startOf('day');
  return { from: start.toMillis(), to: start.plus({ days: 1 }).toMillis() };
}

/** The instant of a wall-clock time on a day; a time that daylight saving skips is the instant an hour later. @param time `HH:MM` */
export function instantOn(day: Day, time: string, timeZone: string): number {
  return DateTime.fromISO(`${day}T${time}`, { zone: timeZone }).toMillis();
}

/** The day `count` days later, or earlier when negative. */
export const addDays = (day: Day, count: number): Day =>
  DateTime.fromISO(day, { zone: 'utc' }).plus({ days: count }).toFormat('yyyy-MM-dd');

/** The month `count` months later, or earlier when negative. @param month `YYYY-MM` */
export const addMonths = (month: string, count: number): string =>
  DateTime.fromISO(`${month}-01`, { zone: 'utc' }).plus({ months: count }).toFormat('yyyy-MM');

/** UTC days that a day of the zone touches: two, or one in UTC itself. */
export function utcDaysOf(day: Day, timeZone: string): Day[] {
  const { from, to } = boundsOf(day, timeZone);
  return [...new Set([dayOf(from, 'utc'), dayOf(to - 1, 'utc')])];
}

/** Whether a text is a day that exists, `YYYY-MM-DD`. */
export const isDay = (text: string): text is Day =>
  /^\d{4}-\d\d-\d\d$/.test(text) && DateTime.fromISO(text, { zone: 'utc' }).isValid;
