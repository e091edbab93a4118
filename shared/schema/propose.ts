import { looksLikeEmail } from './email.ts';
import { normaliseName } from './mapping.ts';
import type { ConnectorSchema, SchemaField } from './schema.ts';
import { DEFAULT_TIME_FORMATS, TimeReader } from './time.ts';

/** Which column a field may be found in, and how sure that is. */
export type Proposal = {
  readonly field: SchemaField;
  /** Index from 0; undefined when no column comes close. */
  readonly column: number | undefined;
  /** 0 to 1; 0 without a column. */
  readonly confidence: number;
};

/** A pair that scores less is no proposal. */
const LEAST = 0.45;
const SCORE = { exact: 1, normalised: 0.97, synonym: 0.9, similar: 0.75 };
/** Share of values in the right format above which content speaks for a column, and below which it speaks against it. */
const FITS = 0.9;
const MISFITS = 0.5;

/**
 * Propose a column for each field of a schema: by name as `resolveMapping` does, then by words that names have in common; values
 * of the sample must look like times and addresses where the field wants them, and speak for a column where its name does not.
 * @param records values of the sample, in the order of the columns
 */
export function proposeMapping(
  schema: ConnectorSchema,
  columns: readonly string[],
  records: readonly (readonly string[])[],
): Proposal[] {
  const shares = columns.map((_, column) => contentShares(records.map((record) => record[column] ?? '')));
  const pairs = schema.fields.flatMap((field) =>
    columns.map((name, column) => ({ field, column, score: score(field, name, shares[column]) })),
  );
  const best = new Map<SchemaField, Proposal>();
  const taken = new Set<number>();
  for (const { field, column, score } of pairs.sort((a, b) => b.score - a.score)) {
    if (score < LEAST || best.has(field) || taken.has(column)) continue;
    best.set(field, { field, column, confidence: score });
    taken.add(column);
  }
  return schema.fields.map((field) => best.get(field) ?? { field, column: undefined, confidence: 0 });
}

type Shares = { readonly time: number; readonly email: number };

/** Undefined when all values are empty, which says nothing. */
function contentShares(values: readonly string[]): Shares | undefined {
  const filled = values.map((value) => Buffer.from(value.trim())).filter(({ length }) => length > 0);
  if (filled.length === 0) return undefined;
  const times = new TimeReader(DEFAULT_TIME_FORMATS);
  const share = (fits: (value: Buffer) => boolean): number => filled.filter(fits).length / filled.length;
  return {
    time: share((value) => times.within(value, 0, value.length, 0, Number.MAX_SAFE_INTEGER)),
    email: share((value) => looksLikeEmail(value, 0, value.length)),
  };
}

function score(field: SchemaField, name: string, shares: Shares | undefined): number {
  const byName = nameScore(field, name);
  if (shares === undefined || (field.format !== 'time' && field.format !== 'email')) return byName;
  const share = shares[field.format];
  if (share >= FITS) return Math.max(byName, 0.6);
  return share < MISFITS ? byName / 2 : byName;
}

function nameScore(field: SchemaField, name: string): number {
  const normal = normaliseName(name);
  if (normal === '') return 0;
  if (name.trim() === field.name) return SCORE.exact;
  if (normal === normaliseName(field.name)) return SCORE.normalised;
  const synonyms = field.synonyms ?? [];
  if (synonyms.some((synonym) => normaliseName(synonym) === normal)) return SCORE.synonym;
  return (
    SCORE.similar *
    Math.max(...[field.name, ...synonyms].map((known) => likeness(wordsOf(known), wordsOf(name))))
  );
}

/** Words of a name, by case, digits and punctuation: `PatientLastName2` has four. */
function wordsOf(name: string): Set<string> {
  const spaced = name.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replaceAll(/(\p{L})(\p{N})/gu, '$1 $2');
  return new Set(spaced.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')); // prettier-ignore
}

/** Sørensen–Dice: twice the words in common by the words of both. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = [...a].filter((word) => b.has(word)).length;
  return (2 * common) / Math.max(1, a.size + b.size);
}
