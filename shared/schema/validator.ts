import { isUtf8 } from 'node:buffer';
import { FIELD, FieldTable, splitFields } from './fields.ts';
import type { Dialect } from '../export/types.ts';
import { RECORD_CODES, type RecordCode } from './codes.ts';
import { looksLikeEmail } from './email.ts';
import { TimeReader } from './time.ts';
import type { Finding, FindingCounts, Level, MappedField, ValidationPlan } from './types.ts';

const BLANK = 0x20;
const CR = 0x0d;
/** Bits that send a record down the slow path, where each field is looked at. */
const SUSPECT = FIELD.stray | FIELD.control | FIELD.high;

/** One thing that can be wrong, made once per plan: finding it takes an increment, no object. */
type Rule = { readonly finding: Finding; readonly key: string; count: number } | undefined;

/** A mapped field with its rules looked up. */
type Check = {
  readonly column: number;
  readonly empty: Rule;
  readonly tooLong: Rule;
  readonly time: Rule;
  readonly email: Rule;
};

/** Bits of a check: its value must be looked at when it is empty; whenever it is not. */
const ASKS_EMPTY = 1;
const ASKS_FORMAT = 2;

/** No record is as long. */
const NO_LIMIT = 2 ** 31 - 1;

/** The rules of one column that look at bytes, not at meaning; columns without a field share the record's own. */
type ColumnRules = {
  readonly stray: Rule;
  readonly control: Rule;
  readonly loneCr: Rule;
  readonly utf8: Rule;
};

/**
 * Judges records on their bytes, by nothing but the plan, so that a retry a week later comes to the same verdicts.
 *
 * A good record costs one pass over its bytes (`splitFields`) and a look at where each mapped field lies: no string, no object.
 * Only a record with a suspect byte is looked at field by field. Findings are objects made once per plan and counted.
 * Blanks (U+0020) around a value are overlooked: many systems pad their columns.
 */
export class RecordValidator {
  readonly #plan: ValidationPlan;
  readonly #dialect: Dialect;
  readonly #fields: FieldTable;
  readonly #checks: readonly Check[];
  /** Of each check, side by side for the hot loop: its column, its longest value in bytes, what it asks. */
  readonly #checkColumns: Int32Array;
  readonly #limits: Int32Array;
  readonly #asks: Uint8Array;
  /** The checks that ask for something, and all of them: the others need a look only in a record that is longer than their least limit. */
  readonly #asking: Int32Array;
  readonly #all: Int32Array;
  readonly #quietLimit: number;
  readonly #columns: readonly ColumnRules[];
  readonly #tooLong: Rule;
  readonly #columnCount: Rule;
  readonly #noAccount: Rule;
  readonly #times: TimeReader;
  readonly #rules = new Map<string, Rule>();
  readonly #findings: Finding[] = [];
  #findingCount = 0;
  #refused = false;
  /** Fields of the record that was split last. */
  #count = 0;

  constructor(plan: ValidationPlan, dialect: Dialect) {
    this.#plan = plan;
    this.#dialect = dialect;
    this.#fields = new FieldTable(plan.columns + 1);
    this.#times = new TimeReader(plan.timeFormats);
    this.#tooLong = this.#rule('RECORD_TOO_LONG');
    this.#columnCount = this.#rule('COLUMN_COUNT');
    this.#noAccount = this.#rule('NO_ACCOUNT');
    this.#checks = plan.fields.map((field) => ({
      column: field.column,
      empty: this.#rule('MISSING_VALUE', field, field.empty),
      tooLong: this.#rule('TOO_LONG', field),
      time: field.format === 'time' ? this.#rule('BAD_TIME', field) : undefined,
      email: field.format === 'email' ? this.#rule('BAD_EMAIL', field) : undefined,
    }));
    this.#checkColumns = Int32Array.from(plan.fields, ({ column }) => column);
    this.#limits = Int32Array.from(plan.fields, ({ maxBytes }) => maxBytes ?? NO_LIMIT);
    this.#asks = Uint8Array.from(
      this.#checks,
      ({ empty, time, email }) => (empty ? ASKS_EMPTY : 0) | (time || email ? ASKS_FORMAT : 0),
    );
    this.#all = Int32Array.from(this.#checks, (_, i) => i);
    this.#asking = this.#all.filter((i) => this.#asks[i]! > 0);
    this.#quietLimit = Math.min(NO_LIMIT, ...this.#limits.filter((_, i) => this.#asks[i] === 0));
    const mapped = new Map(plan.fields.map((field) => [field.column, field]));
    this.#columns = Array.from({ length: plan.columns }, (_, column) => {
      const field = mapped.get(column);
      return {
        stray: this.#rule('STRAY_QUOTE', field),
        control: this.#rule('CONTROL_CHARACTER', field),
        loneCr: this.#rule('LONE_CR', field),
        utf8: plan.checkUtf8 ? this.#rule('INVALID_UTF8', field) : undefined,
      };
    });
  }

  /** What was found at the last record, warnings included. */
  get findings(): readonly Finding[] {
    return this.#findings.slice(0, this.#findingCount);
  }

  /** Findings of all records judged so far, those of refused and warned records alike, by what they cost. */
  get counts(): { refusals: FindingCounts; warnings: FindingCounts } {
    const refusals: FindingCounts = {};
    const warnings: FindingCounts = {};
    for (const rule of this.#rules.values())
      if (rule && rule.count > 0)
        (rule.finding.level === 'refuse' ? refusals : warnings)[rule.key] = rule.count;
    return { refusals, warnings };
  }

  /** Judge the record bytes[start, end), with or without its line end. @returns whether it goes out */
  check(bytes: Uint8Array, start: number, end: number): boolean {
    this.split(bytes, start, end, false);
    return this.judge(bytes, start);
  }

  /**
   * Split the record that begins at `start`, for {@link judge}.
   * @param more whether more bytes may follow at `end`
   * @returns index behind it, its line end included; 0 when it is not over before `end` and more bytes may follow
   */
  split(bytes: Uint8Array, start: number, end: number, more: boolean): number {
    this.#count = splitFields(bytes, start, end, this.#dialect, this.#fields, more);
    return this.#count === 0 ? 0 : this.#fields.end;
  }

  /**
   * Judge the record that was split last.
   * @param isUtf8Known whether its bytes are known to be well-formed UTF-8, so that they need not be looked at for that
   * @returns whether it goes out
   */
  judge(bytes: Uint8Array, start: number, isUtf8Known = false): boolean {
    this.#findingCount = 0;
    this.#refused = false;
    const count = this.#count;
    const fields = this.#fields;
    const { starts, ends, flags, end } = fields;
    const columns = this.#columns.length;
    if (count !== columns) {
      this.#found(this.#columnCount);
      if (this.#refused) return false;
      this.#pad(count, end);
    }
    let seen = fields.seen;
    if (count !== columns) {
      seen = 0;
      for (let i = 0; i < columns; i++) seen |= flags[i]!;
    }
    if (isUtf8Known) seen &= ~FIELD.high;
    if ((seen & SUSPECT) !== 0) this.#inspect(bytes, start, end, seen);

    const checkColumns = this.#checkColumns;
    const limits = this.#limits;
    const asks = this.#asks;
    const which = end - start > this.#quietLimit ? this.#all : this.#asking;
    for (let k = 0; k < which.length; k++) {
      const i = which[k]!;
      const column = checkColumns[i]!;
      const first = starts[column]!;
      const length = ends[column]! - first;
      const ask = asks[i]!;
      if (length <= limits[i]!) {
        if (ask === 0) continue;
        if (length === 0 ? ask === ASKS_FORMAT : ask === ASKS_EMPTY && bytes[first] !== BLANK) continue;
      }
      this.#look(this.#checks[i]!, limits[i]!, bytes);
    }
    const groups = this.#plan.eitherOf;
    for (let i = 0; i < groups.length; i++) {
      if (this.#allEmpty(bytes, groups[i]!)) this.#found(this.#noAccount);
    }
    return !this.#refused;
  }

  /** Judge a record that is too long to be read: it is always refused. */
  refuseOversize(): false {
    this.#findingCount = 0;
    this.#found(this.#tooLong);
    return false;
  }

  /** A record that is short of fields and goes on all the same lacks their values. */
  #pad(count: number, end: number): void {
    const { starts, ends, flags } = this.#fields;
    starts.fill(end, count);
    ends.fill(end, count);
    flags.fill(0, count);
  }

  #look({ column, empty, tooLong, time, email }: Check, limit: number, bytes: Uint8Array): void {
    let start = this.#fields.starts[column]!;
    let end = this.#fields.ends[column]!;
    while (start < end && bytes[start] === BLANK) start++;
    if (start === end) return this.#found(empty);
    if (end - start > limit) this.#found(tooLong);
    if (time === undefined && email === undefined) return;
    while (bytes[end - 1] === BLANK) end--;
    const { earliest, latest } = this.#plan;
    if (time !== undefined && !this.#times.within(bytes, start, end, earliest, latest)) this.#found(time);
    if (email !== undefined && !looksLikeEmail(bytes, start, end)) this.#found(email);
  }

  #allEmpty(bytes: Uint8Array, columns: readonly number[]): boolean {
    const { starts, ends } = this.#fields;
    for (let i = 0; i < columns.length; i++) {
      const end = ends[columns[i]!]!;
      for (let at = starts[columns[i]!]!; at < end; at++) if (bytes[at] !== BLANK) return false;
    }
    return true;
  }

  /** The slow path: something in the record is out of the ordinary; find out where, unless it is plain UTF-8. */
  #inspect(bytes: Uint8Array, start: number, end: number, seen: number): void {
    const badUtf8 = (seen & FIELD.high) !== 0 && this.#plan.checkUtf8 && !isUtf8(bytes.subarray(start, end));
    if (!badUtf8 && (seen & (FIELD.stray | FIELD.control)) === 0) return;
    const { starts, ends, flags } = this.#fields;
    for (let i = 0; i < this.#columns.length; i++) {
      const flag = flags[i]!;
      if ((flag & SUSPECT) === 0) continue;
      const { stray, control, loneCr, utf8 } = this.#columns[i]!;
      const value = bytes.subarray(starts[i], ends[i]);
      const strayed = (flag & FIELD.stray) !== 0;
      const quoted = (flag & FIELD.quoted) !== 0;
      // A quote inside an unquoted field is data; only what looks quoted and is not leaves doubt.
      if (strayed && quoted) this.#found(stray);
      if ((flag & FIELD.control) !== 0 && value.some(isControl)) this.#found(control);
      // Quotes that strayed are data, so a CR between them stands outside quotes.
      if ((strayed || !quoted) && value.includes(CR)) this.#found(loneCr);
      if (badUtf8 && !isUtf8(value)) this.#found(utf8);
    }
  }

  #found(rule: Rule): void {
    if (rule === undefined) return;
    rule.count++;
    this.#findings[this.#findingCount++] = rule.finding;
    if (rule.finding.level === 'refuse') this.#refused = true;
  }

  /** The rule of a code, on a field or on the whole record; undefined when its level is `off`. */
  #rule(code: RecordCode, field?: MappedField, level = this.#levelOf(code, field)): Rule {
    if (level === 'off') return undefined;
    const key = field ? `${code} ${field.field}` : code;
    const known = this.#rules.get(key);
    if (known !== undefined) return known;
    const rule: Rule = { finding: { code, level, ...(field && { field: field.field }) }, key, count: 0 };
    this.#rules.set(key, rule);
    return rule;
  }

  #levelOf(code: RecordCode, field: MappedField | undefined): Level {
    return field?.levels?.[code] ?? this.#plan.levels[code] ?? RECORD_CODES[code].level;
  }
}

/** Below U+0020, or U+007F; tabs and line ends are not meant. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== CR) || byte === 0x7f;
}
