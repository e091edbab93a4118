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

const NAMES_SHOWN = 10;
/** A known name may come with any number of blanks and dashes. */
const NAME_CHARACTERS_SHOWN = 100;

/** A column's name as names are compared: letters and digits of any script, in lower case. */
export function normaliseName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '');
}

/**
 * Find the column of each field: what the mapping file says, then the exact name, then the normalised name, then a synonym; a
 * column serves one field unless the file says otherwise. Reports every fault at once. A reason gives the name of a column that
 * schema or mapping file know, and the number of any other, from 1: its name may be a value of a record.
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
  if (found.size === 0 && matcher.ambiguous.size === 0) return { reasons: [NO_HEADER] };

  const isKnown = knownNames(schema, mapping);
  const shown = (indexes: readonly number[]): string => listColumns(names, indexes, isKnown);
  const reasons = [
    ...duplicateColumns(names, isKnown),
    ...[...matcher.unknown].map(([field, column]) => mappedButAbsent(field, column)),
    ...[...matcher.ambiguous].map(([field, candidates]) => ambiguous(field, shown(candidates))),
    ...missing(schema, matcher, shown(matcher.free())),
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

/** Whether schema or mapping file know a column by this name, or quarantine files do: such a name is no value of a record. */
export function knownNames(schema: ConnectorSchema, mapping: MappingFile = {}): (name: string) => boolean {
  const fields = schema.fields.flatMap(({ name, synonyms = [] }) => [name, ...synonyms]);
  const told = Object.values(mapping.columns ?? {}).filter((name) => name !== null);
  const known = new Set([...fields, ...told, ...QUARANTINE_COLUMNS].map(normaliseName));
  known.delete('');
  return (name) => known.has(normaliseName(name));
}

/** Goes from the surest way of finding a column to the least sure, for all fields, before it tries the next. */
class Matcher {
  /** Field → columns that fit equally well. */
  readonly ambiguous = new Map<string, readonly number[]>();
  /** Field → column name that the mapping file gives and the header lacks. */
  readonly unknown = new Map<string, string>();
  readonly #fields: readonly SchemaField[];
  readonly #told: Readonly<Record<string, string | null>>;
  /** Columns with a name, those of a quarantine file in front left out. */
  readonly #columns: readonly number[];
  readonly #byName: ReadonlyMap<string, readonly number[]>;
  readonly #byNormalName: ReadonlyMap<string, readonly number[]>;
  readonly #found = new Map<string, ResolvedField>();
  readonly #taken = new Set<number>();

  constructor(
    schema: ConnectorSchema,
    names: readonly string[],
    dropped: number,
    told: Readonly<Record<string, string | null>>,
  ) {
    this.#fields = schema.fields;
    this.#told = told;
    this.#columns = [...names.keys()].slice(dropped).filter((i) => names[i] !== '');
    this.#byName = Map.groupBy(this.#columns, (i) => names[i]!);
    this.#byNormalName = Map.groupBy(this.#columns, (i) => normaliseName(names[i]!));
  }

  match(): ReadonlyMap<string, ResolvedField> {
    for (const field of this.#fields) this.#matchTold(field);
    this.#matchAll('exact', ({ name }) => this.#exactly(name));
    this.#matchAll('normalised', ({ name }) => this.#likely([name]));
    this.#matchAll('synonym', ({ synonyms = [] }) => this.#likely(synonyms));
    return this.#found;
  }

  has(field: string): boolean {
    return this.#found.has(field) || this.ambiguous.has(field) || this.unknown.has(field);
  }

  /** Columns with a name that serve no field. */
  free(): number[] {
    return this.#columns.filter((i) => !this.#taken.has(i));
  }

  #exactly(name: string): readonly number[] {
    return this.#byName.get(name) ?? [];
  }

  /** Columns that have one of the names but for case, blanks and punctuation, in their order. */
  #likely(names: readonly string[]): readonly number[] {
    const normal = new Set(names.map(normaliseName));
    normal.delete('');
    return [...normal].flatMap((name) => this.#byNormalName.get(name) ?? []).toSorted((a, b) => a - b);
  }

  #matchTold(field: SchemaField): void {
    const told = this.#told[field.name];
    if (typeof told !== 'string') return;
    const exact = this.#exactly(told.trim());
    const fits = exact.length > 0 ? exact : this.#likely([told]);
    // A name given twice is a fault of its own, told as DUPLICATE_COLUMN.
    if (fits.length === 0) this.unknown.set(field.name, told);
    else if (fits.length > 1 && exact.length === 0) this.ambiguous.set(field.name, fits);
    else this.#take(field, fits[0]!, 'mapping');
  }

  #matchAll(how: MatchKind, fitting: (field: SchemaField) => readonly number[]): void {
    for (const field of this.#fields) {
      if (this.#told[field.name] === null || this.has(field.name)) continue;
      const candidates = fitting(field).filter((i) => !this.#taken.has(i));
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

/** `"PAT_ID", column 7 and 3 more`: a name where it is known, else a number. */
function listColumns(
  names: readonly string[],
  indexes: readonly number[],
  isKnown: (name: string) => boolean,
): string {
  const shown = indexes
    .slice(0, NAMES_SHOWN)
    .map((i) => (isKnown(names[i]!) ? quoted(names[i]!) : `column ${i + 1}`));
  const more = indexes.length > NAMES_SHOWN ? ` and ${indexes.length - NAMES_SHOWN} more` : '';
  return shown.join(', ') + more;
}

const quoted = (name: string): string => `"${name.slice(0, NAME_CHARACTERS_SHOWN)}"`;

const NO_HEADER: Reason = {
  code: 'NO_HEADER',
  line: 1,
  cause: 'The first line holds none of the known column names: is the header line missing?',
  cure: `Export with a header line, or name the columns in the connector's mapping file (npm run check -- --init proposes it).`,
};

function duplicateColumns(names: readonly string[], isKnown: (name: string) => boolean): Reason[] {
  const columns = Map.groupBy(names.keys(), (i) => names[i]!);
  columns.delete('');
  return [...columns]
    .filter(([, indexes]) => indexes.length > 1)
    .map(([name, indexes]) => ({
      code: 'DUPLICATE_COLUMN',
      line: 1,
      cause: isKnown(name)
        ? `The header gives the column ${quoted(name)} more than once.`
        : `The header gives column ${indexes[0]! + 1} and column ${indexes.at(-1)! + 1} the same name.`,
      cure: 'Give each column of the export a name of its own.',
    }));
}

function mappedButAbsent(field: string, column: string): Reason {
  return {
    code: 'MISSING_COLUMN',
    line: 1,
    cause: `The mapping file takes "${field}" from the column ${quoted(column)}, which the header does not have.`,
    cure: `Add the column to the export, or correct "columns" in the connector's mapping file.`,
  };
}

function ambiguous(field: string, candidates: string): Reason {
  return {
    code: 'AMBIGUOUS_COLUMN',
    line: 1,
    cause: `More than one column could be "${field}": ${candidates}.`,
    cure: `Say which one under "columns" in the connector's mapping file; null leaves an optional field out.`,
  };
}

/** Mandatory fields without a column, and either-or groups without one. */
function missing(schema: ConnectorSchema, matcher: Matcher, unused: string): Reason[] {
  const cure =
    `Add the column to the export, or name the one that holds it under "columns" in the connector's mapping file` +
    `${unused === '' ? '' : ` (not used so far: ${unused})`}.`;
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
