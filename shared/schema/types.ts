/** `refuse` sets the record aside; `warn` sends it and counts the finding; `off` does not look. */
export type Level = 'refuse' | 'warn' | 'off';

/** One field of the connector's schema that a column of the export is mapped to. */
export type MappedField = {
  /** Name in the schema, e.g. `Creation Time`. */
  readonly field: string;
  /** Column index from 0. */
  readonly column: number;
  /** What to do when the value is empty; `off` for optional fields. */
  readonly empty: Level;
  readonly format?: 'time' | 'email' | 'text';
  /** Longest value in bytes; undefined for no limit. */
  readonly maxBytes?: number;
  /** Level of each other code on this field that differs from its default. */
  readonly levels?: Readonly<Record<string, Level>>;
};

/** Rules and levels as fixed at the split. Everything a verdict depends on is in here and in the record's bytes: no clock, no settings. */
export type ValidationPlan = {
  /** Fields a record must have. */
  readonly columns: number;
  readonly fields: readonly MappedField[];
  /** Groups of columns of which at least one must be filled (`Email Address (UPN)` or `SamAccountName`). */
  readonly eitherOf: readonly (readonly number[])[];
  /** Accepted time formats; one that fits is enough, whatever their order. */
  readonly timeFormats: readonly string[];
  /** UTC ms; times before it or after are refused (`BAD_TIME`). */
  readonly earliest: number;
  readonly latest: number;
  /** Level of each code where it differs from its default. */
  readonly levels: Readonly<Record<string, Level>>;
  /** Whether invalid UTF-8 is a finding: false when the pinned bytes are Windows-1252. */
  readonly checkUtf8: boolean;
};

/** A finding on one record: what is wrong and in which column, never the value. */
export type Finding = {
  readonly code: string;
  /** Name of the schema's field, or undefined when the whole record is at fault. */
  readonly field?: string;
  readonly level: 'refuse' | 'warn';
};

/** How many findings there were, by `CODE` or `CODE field name`, e.g. `MISSING_VALUE Patient City`. */
export type FindingCounts = Record<string, number>;
