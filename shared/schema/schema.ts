import type { Level } from './types.ts';

/** Which check a value must pass beyond not being empty. */
export type FieldFormat = 'time' | 'email' | 'text';

/** One field of a connector's schema, as its data file says it. */
export type SchemaField = {
  /** As the connector calls it, e.g. `Creation Time`. */
  readonly name: string;
  /** Fields that belong together in the documentation: `event`, `patient`, … */
  readonly group: string;
  /** A column must be mapped to it; an export without one is rejected. */
  readonly mandatory?: boolean;
  /** Name of an either-or group, of which one field must be mapped and, in each record, filled. */
  readonly mandatoryEither?: string;
  /** What an empty value in a mandatory column costs the record. @default 'refuse' */
  readonly emptyValue?: Level;
  /** @default 'text' */
  readonly format?: FieldFormat;
  /** Longest value, bytes of UTF-8. */
  readonly maxBytes?: number;
  /** What EHR systems call this column; compared by normalised name. */
  readonly synonyms?: readonly string[];
  readonly note?: string;
};

/** What a connector takes, as data: `shared/schema/schemas/<connector>.json`. */
export type ConnectorSchema = {
  readonly connector: string;
  /** Where the facts come from. */
  readonly source: string;
  readonly fields: readonly SchemaField[];
};
