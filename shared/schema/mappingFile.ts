import type { Level } from './types.ts';

/** `mappings/<connector>.json`: what a hospital decides about its exports. All parts are optional. */
export type MappingFile = {
  readonly $schema?: string;
  /** Schema of the export. @default the connector's setting SCHEMA */
  readonly schema?: string;
  /** Schema field → name of the column in the export, or null for none. Fields left out are matched by name. */
  readonly columns?: Readonly<Record<string, string | null>>;
  /** Send mapped columns under the schema's field names instead of the export's. @default false */
  readonly rename?: boolean;
  /** Level of a code, on all fields or field by field. */
  readonly levels?: Readonly<Record<string, Level | Readonly<Record<string, Level>>>>;
  /** What an empty value costs the record, field by field. */
  readonly emptyValue?: Readonly<Record<string, Level>>;
  /** Accepted time formats, e.g. `D.M.YYYY H:mm`; docs/validation.md lists the parts. */
  readonly timeFormats?: readonly string[];
  /** @default 'refuseRecords' */
  readonly policy?: 'refuseRecords' | 'refuseExport';
  /** 0 to 1. @default 0.2 */
  readonly refusedShareCeiling?: number;
  /** Forced encoding of the export; decided from its content when left out. */
  readonly encoding?: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  /** Forced delimiter; decided by extension and content when left out. */
  readonly delimiter?: ',' | '|' | '\t' | ';';
  /** Forced quoting: `double` for `"`, `none` when a quote is data like any other; decided from the content when left out. */
  readonly quoting?: 'double' | 'none';
};
