import type { Dialect, OutputPlan, RefusalPolicy } from '../export/types.ts';
import type { ResolvedField, ResolvedMapping } from './mapping.ts';
import type { MappingFile } from './mappingFile.ts';
import { DEFAULT_TIME_FORMATS } from './time.ts';
import type { Level, MappedField, ValidationPlan } from './types.ts';

const EARLIEST = Date.UTC(1990, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_REFUSED_SHARE_CEILING = 0.2;

/** How records are judged: mapping and mapping file brought together, with nothing left to look up. */
export function planValidation(
  { columns, fields }: ResolvedMapping,
  mapping: MappingFile,
  /** UTC ms. */
  arrivedAt: number,
  checkUtf8: boolean,
): ValidationPlan {
  const either = Map.groupBy(
    fields.filter(({ field }) => field.mandatoryEither !== undefined),
    ({ field }) => field.mandatoryEither,
  );
  const levels = Object.entries(mapping.levels ?? {}).filter((entry): entry is [string, Level] => typeof entry[1] === 'string'); // prettier-ignore
  return {
    columns: columns.length,
    fields: fields.map((field) => mappedField(field, mapping)),
    eitherOf: [...either.values()].map((group) => group.map(({ column }) => column)),
    timeFormats: mapping.timeFormats ?? DEFAULT_TIME_FORMATS,
    earliest: EARLIEST,
    latest: arrivedAt + DAY_MS,
    levels: Object.fromEntries(levels),
    checkUtf8,
  };
}

function mappedField({ field, column }: ResolvedField, mapping: MappingFile): MappedField {
  const levels = Object.entries(mapping.levels ?? {}).flatMap(([code, level]): [string, Level][] => {
    const own = typeof level === 'string' ? undefined : level[field.name];
    return own === undefined ? [] : [[code, own]];
  });
  const empty = field.mandatory === true ? (field.emptyValue ?? 'refuse') : 'off';
  return {
    field: field.name,
    column,
    empty: mapping.emptyValue?.[field.name] ?? empty,
    ...(field.format !== undefined && { format: field.format }),
    ...(field.maxBytes !== undefined && { maxBytes: field.maxBytes }),
    ...(levels.length > 0 && { levels: Object.fromEntries(levels) }),
  };
}

/** When refused records cost the whole export. */
export function planPolicy(mapping: MappingFile): RefusalPolicy {
  return {
    onRefused: mapping.policy ?? 'refuseRecords',
    refusedShareCeiling: mapping.refusedShareCeiling ?? DEFAULT_REFUSED_SHARE_CEILING,
  };
}

/**
 * How records and header go out: as they came, unless the delimiter is one the connector does not take (`;` becomes `,`) or
 * columns of a quarantine file stand in front.
 */
export function planOutput({ columns, dropped }: ResolvedMapping, { delimiter }: Dialect): OutputPlan {
  if (dropped === 0 && delimiter !== ';') return { kind: 'verbatim' };
  return {
    kind: 'rewrite',
    delimiter: delimiter === ';' ? ',' : delimiter,
    keep: [...columns.keys()].slice(dropped),
  };
}

/**
 * The header line that goes out with every request. `line` is the line as it came, with its line end; it is made anew only
 * when its delimiter, its columns or (with `rename`) its names change.
 */
export function planHeader(
  line: string,
  { columns, fields }: ResolvedMapping,
  mapping: MappingFile,
  dialect: Dialect,
  output: OutputPlan,
): string {
  const lineEnd = /\r?\n$/.exec(line)?.[0] ?? '\n';
  const renamed = mapping.rename === true;
  if (output.kind === 'verbatim' && !renamed) return line.endsWith('\n') ? line : line + lineEnd;
  const names = [...columns];
  if (renamed) for (const { field, column } of fields) names[column] = field.name;
  const keep = output.kind === 'rewrite' ? output.keep : [...names.keys()];
  const delimiter = output.kind === 'rewrite' ? output.delimiter : dialect.delimiter;
  return keep.map((column) => quoteName(names[column]!, delimiter)).join(delimiter) + lineEnd;
}

function quoteName(name: string, delimiter: string): string {
  return name.includes(delimiter) || /["\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
