import type { Reason } from '../errors.ts';
import { isQuarantineHeader, QUARANTINE_COLUMNS } from './extraColumns.ts';
import type { MappingFile } from './mappingFile.ts';
import type { ConnectorSchema, SchemaField } from './schema.ts';

/** How a column was found: told by the mapping file, or by its name. */
export type MatchKind = 'mapping' | 'exact' | 'normalised' | 'synonym';

/** A field of the schema and the column that holds it. */
export type ResolvedField = {
  readonly field: SchemaField;
  /** Index from 0, among all columns of the export. */
  readonly column: number;
  readonly how: MatchKind;
};

/** Which column holds which field. */
export type ResolvedMapping = {
  /** The header's names as they came, those of dropped columns included. */
  readonly columns: readonly string[];
  /** In the order of the schema. */
  readonly fields: readonly ResolvedField[];
  /** Columns in front that are not sent: those that quarantine files put before a record (0 or 3). */
  readonly dropped: number;
};

/** A mapping, or everything that stands in its way. */
export type MappingOutcome =
  { readonly mapping: ResolvedMapping } | { readonly reasons: readonly [Reason, ...Reason[]] };

/** At least this share of the mandatory fields makes a first line a header whose names may be shown. */
const RECOGNISED_SHARE = 0.5;
const NAMES_SHOWN = 10;

/** A column's name as names are compared: letters and digits of any script, in lower case. */
export function normaliseName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '');
}

/**
 * Find the column of each field: what the mapping file says, then the exact name, then the normalised name, then a synonym; a
 * column serves one field unless the file says otherwise. Reports every fault at once. Names that are not the schema's appear in
 * a reason only when the line was recognised as a header: else it may be a record.
 */
export function resolveMapping(
  schema: ConnectorSchema,
  columns: readonly string[],
  mapping: MappingFile = {},
): MappingOutcome {
  const names = columns.map((name) => name.trim());
  const dropped = isQuarantineHeader(names) ? 3 : 0;
  const matcher = new Matcher(schema, names, dropped, mapping.columns ?? {});
  const found = matcher.match();

  const mandatory = schema.fields.filter((field) => field.mandatory === true);
  const hits = mandatory.filter((field) => found.has(field.name)).length;
  const anyHit = found.size > 0 || matcher.ambiguous.size > 0;
  if (!anyHit) return { reasons: [noHeader(schema)] };

  const recognised = dropped > 0 || hits + matcher.ambiguous.size >= mandatory.length * RECOGNISED_SHARE;
  const shown = (indexes: readonly number[]): string =>
    recognised ? listNames(indexes.map((i) => names[i]!)) : '';
  const reasons = [
    ...duplicateColumns(names, recognised),
    ...[...matcher.unknown].map(([field, column]) => mappedButAbsent(schema, field, column)),
    ...[...matcher.ambiguous].map(([field, candidates]) => ambiguous(schema, field, shown(candidates))),
    ...missing(schema, matcher, shown(matcher.free().filter((i) => names[i] !== ''))),
  ];
  const [first, ...rest] = reasons;
  if (first !== undefined) return { reasons: [first, ...rest] };
  return {
    mapping: {
      columns: names,
      dropped,
      fields: schema.fields.flatMap((field) => found.get(field.name) ?? []),
    },
  };
}

/** Counts the names among some columns that schema or mapping file know: how much like a header they look. */
export function countKnown(
  schema: ConnectorSchema,
  mapping: MappingFile = {},
): (columns: readonly string[]) => number {
  const fields = schema.fields.flatMap(({ name, synonyms = [] }) => [name, ...synonyms]);
  const told = Object.values(mapping.columns ?? {}).filter((name) => name !== null);
  const known = new Set([...fields, ...told, ...QUARANTINE_COLUMNS].map(normaliseName));
  return (columns) => columns.filter((name) => known.has(normaliseName(name))).length;
}

/** Goes from the surest way of finding a column to the least sure, for all fields, before it tries the next. */
class Matcher {
  /** Field → columns that fit equally well. */
  readonly ambiguous = new Map<string, readonly number[]>();
  /** Field → column name that the mapping file gives and the header lacks. */
  readonly unknown = new Map<string, string>();
  readonly #fields: readonly SchemaField[];
  readonly #names: readonly string[];
  readonly #normal: readonly string[];
  readonly #dropped: number;
  readonly #told: Readonly<Record<string, string | null>>;
  readonly #found = new Map<string, ResolvedField>();
  readonly #taken = new Set<number>();

  constructor(
    schema: ConnectorSchema,
    names: readonly string[],
    dropped: number,
    told: Readonly<Record<string, string | null>>,
  ) {
    this.#fields = schema.fields;
    this.#names = names;
    this.#normal = names.map(normaliseName);
    this.#dropped = dropped;
    this.#told = told;
  }

  match(): ReadonlyMap<string, ResolvedField> {
    for (const field of this.#fields) this.#matchTold(field);
    this.#matchAll('exact', (field, i) => this.#names[i] === field.name);
    this.#matchAll('normalised', (field, i) => this.#normal[i] === normaliseName(field.name));
    const synonyms = new Map(
      this.#fields.map((field) => [field.name, new Set(field.synonyms?.map(normaliseName))]),
    );
    this.#matchAll('synonym', (field, i) => synonyms.get(field.name)!.has(this.#normal[i]!));
    return this.#found;
  }

  has(field: string): boolean {
    return this.#found.has(field) || this.ambiguous.has(field) || this.unknown.has(field);
  }

  /** Columns that serve no field. */
  free(): number[] {
    return [...this.#names.keys()].slice(this.#dropped).filter((i) => !this.#taken.has(i));
  }

  #matchTold(field: SchemaField): void {
    const told = this.#told[field.name];
    if (typeof told !== 'string') return;
    const columns = [...this.#names.keys()].slice(this.#dropped);
    const exact = columns.filter((i) => this.#names[i] === told.trim());
    const fits = exact.length > 0 ? exact : columns.filter((i) => this.#normal[i] === normaliseName(told));
    // A name given twice is a fault of its own, told as DUPLICATE_COLUMN.
    if (fits.length === 0) this.unknown.set(field.name, told);
    else if (fits.length > 1 && exact.length === 0) this.ambiguous.set(field.name, fits);
    else this.#take(field, fits[0]!, 'mapping');
  }

  #matchAll(how: MatchKind, fits: (field: SchemaField, column: number) => boolean): void {
    for (const field of this.#fields) {
      if (this.#told[field.name] === null || this.has(field.name)) continue;
      const candidates = this.free().filter((i) => this.#names[i] !== '' && fits(field, i));
      if (candidates.length === 1 || (candidates.length > 1 && how === 'exact'))
        this.#take(field, candidates[0]!, how);
      else if (candidates.length > 1) this.ambiguous.set(field.name, candidates);
    }
  }

  #take(field: SchemaField, column: number, how: MatchKind): void {
    this.#found.set(field.name, { field, column, how });
    this.#taken.add(column);
  }
}

function listNames(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return names.slice(0, NAMES_SHOWN).map((name) => `"${name}"`).join(', ') + more; // prettier-ignore
}

const fileOf = (schema: ConnectorSchema): string => `mappings/${schema.connector}.json`;

function noHeader(schema: ConnectorSchema): Reason {
  return {
    code: 'NO_HEADER',
    line: 1,
    cause: 'The first line holds none of the known column names: is the header line missing?',
    cure: `Export with a header line, or name the columns in ${fileOf(schema)} (npm run check -- --init proposes it).`,
  };
}

function duplicateColumns(names: readonly string[], recognised: boolean): Reason[] {
  const twice = [...new Set(names.filter((name, i) => name !== '' && names.indexOf(name) !== i))];
  return twice.map((name) => ({
    code: 'DUPLICATE_COLUMN',
    line: 1,
    cause: recognised
      ? `The header gives the column "${name}" more than once.`
      : `The header gives column ${names.indexOf(name) + 1} and column ${names.lastIndexOf(name) + 1} the same name.`,
    cure: 'Give each column of the export a name of its own.',
  }));
}

function mappedButAbsent(schema: ConnectorSchema, field: string, column: string): Reason {
  return {
    code: 'MISSING_COLUMN',
    line: 1,
    cause: `The mapping file takes "${field}" from the column "${column}", which the header does not have.`,
    cure: `Add the column to the export, or correct "columns" in ${fileOf(schema)}.`,
  };
}

function ambiguous(schema: ConnectorSchema, field: string, candidates: string): Reason {
  return {
    code: 'AMBIGUOUS_COLUMN',
    line: 1,
    cause: `More than one column could be "${field}"${candidates === '' ? '' : `: ${candidates}`}.`,
    cure: `Say which one under "columns" in ${fileOf(schema)}; null leaves an optional field out.`,
  };
}

/** Mandatory fields without a column, and either-or groups without one. */
function missing(schema: ConnectorSchema, matcher: Matcher, unmapped: string): Reason[] {
  const cure =
    `Add the column to the export, or name the one that holds it under "columns" in ${fileOf(schema)}` +
    `${unmapped === '' ? '' : ` (columns not used so far: ${unmapped})`}.`;
  const absent = (cause: string): Reason => ({ code: 'MISSING_COLUMN', line: 1, cause, cure });
  const fields = schema.fields
    .filter((field) => field.mandatory === true && !matcher.has(field.name))
    .map((field) => absent(`No column of the export is the mandatory field "${field.name}".`));
  const groups = Map.groupBy(schema.fields, (field) => field.mandatoryEither);
  groups.delete(undefined);
  const either = [...groups.values()]
    .filter((group) => !group.some((field) => matcher.has(field.name)))
    .map((group) => absent(`No column of the export is ${group.map(({ name }) => `"${name}"`).join(' or ')}; one is mandatory.`)); // prettier-ignore
  return [...fields, ...either];
}
