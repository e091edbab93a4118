import { compileFormat, expandFormat, type Parts, type Step } from './timeFormat.ts';

/** Accepted when a mapping file says nothing: ISO 8601 (extended, basic, with a blank for `T`) and the common US and EU forms. */
export const DEFAULT_TIME_FORMATS: readonly string[] = [
  'YYYY-MM-DD[THH:mm[:ss[.f]][Z]]',
  'M/D/YYYY[ H:mm[:ss[.f]]]',
  'M/D/YYYY h:mm[:ss[.f]]A',
  'D.M.YYYY[ H:mm[:ss[.f]]]',
  'D/M/YYYY[ H:mm[:ss[.f]]]',
  'D/M/YYYY h:mm[:ss[.f]]A',
  'D-M-YYYY[ H:mm[:ss[.f]]]',
  'D-MMM-YYYY[ H:mm[:ss[.f]]]',
  'YYYY/M/D[ H:mm[:ss[.f]]]',
  'YYYYMMDD[[T]HHmm[ss[.f]][Z]]',
];

const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const ISO_DATE = compileFormat('YYYY-MM-DD');

/** Two digits at `at`, from 0 to `most`; else NaN. */
function twoDigits(bytes: Uint8Array, at: number, most: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  const value = tens * 10 + ones;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 && value <= most ? value : Number.NaN;
}

/**
 * Judges times on their bytes. A time without a zone is taken as UTC; bounds that are a day wide of the mark leave room for it.
 */
export class TimeReader {
  readonly #variants: readonly (readonly Step[])[];
  /** `YYYY-MM-DDTHH:mm:ss`, which most exports have, need not go through the steps; its date is mostly that of the last. */
  readonly #shortcut: boolean;
  readonly #date = new Uint8Array(10);
  #dateMs = Number.NaN;
  readonly #parts: Parts = { year: 0, month: 0, day: 0, hour: 0, ms: 0, zone: 0 };
  #last = 0;

  /** @throws {RangeError} for a format that `timeFormatFault` faults */
  constructor(formats: readonly string[]) {
    this.#variants = formats.flatMap(expandFormat).map(compileFormat);
    this.#shortcut = formats[0] === DEFAULT_TIME_FORMATS[0];
  }

  /**
   * Whether some format reads bytes[start, end) as a time within the bounds (UTC ms, both included). `03/04/2026` may be March
   * or April; either reading will do, since the bytes go out as they came. So the order of formats never changes a verdict,
   * and the one that fitted last is tried first.
   */
  within(bytes: Uint8Array, start: number, end: number, earliest: number, latest: number): boolean {
    if (this.#shortcut) {
      const time = this.#readIso(bytes, start, end);
      if (time >= earliest && time <= latest) return true;
    }
    for (let i = 0, which = this.#last; i <= this.#variants.length; which = i++) {
      const time = this.#read(this.#variants[which]!, bytes, start, end);
      if (time >= earliest && time <= latest) {
        this.#last = which;
        return true;
      }
    }
    return false;
  }

  /** UTC ms, or NaN. */
  #read(steps: readonly Step[], bytes: Uint8Array, start: number, end: number): number {
    const parts = this.#parts;
    parts.hour = 0;
    parts.ms = 0;
    parts.zone = 0;
    let at = start;
    for (const step of steps) {
      at = step(bytes, at, end, parts);
      if (at < 0) return Number.NaN;
    }
    const { year, month, day } = parts;
    if (at !== end || day > MONTH_DAYS[month - 1]!) return Number.NaN;
    if (month === 2 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0)))
      return Number.NaN;
    return Date.UTC(year, month - 1, day, parts.hour) + parts.ms - parts.zone;
  }

  /** UTC ms of `YYYY-MM-DDTHH:mm:ss`, with or without three digits of fraction and a `Z`; NaN for anything else. */
  #readIso(bytes: Uint8Array, start: number, end: number): number {
    const zulu = (bytes[end - 1]! | 0x20) === 0x7a ? 1 : 0;
    const length = end - start - zulu;
    if (length !== 19 && (length !== 23 || bytes[start + 19] !== 0x2e)) return Number.NaN;
    if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return Number.NaN;
    if (bytes[start + 10] !== 0x20 && (bytes[start + 10]! | 0x20) !== 0x74) return Number.NaN;
    const date = this.#date;
    for (let i = 0; i < 10; i++) {
      if (date[i] === bytes[start + i]) continue;
      date.set(bytes.subarray(start, start + 10));
      this.#dateMs = this.#read(ISO_DATE, bytes, start, start + 10);
      break;
    }
    const minutes = twoDigits(bytes, start + 11, 23) * 60 + twoDigits(bytes, start + 14, 59);
    const ms = length === 19 ? 0 : twoDigits(bytes, start + 20, 99) * 10 + (bytes[start + 22]! - 0x30);
    if (length !== 19 && (bytes[start + 22]! < 0x30 || bytes[start + 22]! > 0x39)) return Number.NaN;
    return this.#dateMs + (minutes * 60 + twoDigits(bytes, start + 17, 59)) * 1000 + ms;
  }
}
