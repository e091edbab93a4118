import type { RecordValues } from './recordFields.ts';

/** What the collector reads of a FHIR R4 Patient. In a list of texts `null` stands for one that has extensions only. */
export type Patient = {
  readonly resourceType: 'Patient';
  readonly id: string;
  readonly name?: readonly HumanName[];
  readonly address?: readonly Address[];
};
type Period = { readonly end?: string };
type HumanName = {
  readonly use?: string;
  readonly text?: string;
  readonly family?: string;
  readonly given?: readonly (string | null)[];
  readonly period?: Period;
};
type Address = {
  readonly use?: string;
  readonly text?: string;
  readonly line?: readonly (string | null)[];
  readonly city?: string;
  readonly postalCode?: string;
  readonly state?: string;
  readonly country?: string;
  readonly period?: Period;
};

const NAME_USES = ['official', 'usual', undefined, 'temp', 'nickname', 'maiden', 'old', 'anonymous'];
const ADDRESS_USES = ['home', undefined, 'temp', 'work', 'billing', 'old'];

/**
 * Name and address of a patient as the connector's fields: the official name, then the usual one; the home address first. Within a use,
 * what has no end of validity goes before what has one. A name given only as text is split at its last space.
 */
export function patientFields({ id, name, address }: Patient): RecordValues {
  const called = best(name, NAME_USES);
  const lives = best(address, ADDRESS_USES);
  const [given, family] = namesOf(called);
  const lines = textsOf(lives?.line);
  return {
    'Patient Reg Id': id,
    'Patient First Name': given[0] ?? '',
    'Patient Middle Name': given.slice(1).join(' '),
    'Patient Last Name': family,
    'Patient Address Line 1': lines[0] ?? lives?.text ?? '',
    'Patient Address Line 2': lines.slice(1).join(', '),
    'Patient City': lives?.city ?? '',
    'Patient Zip Code': lives?.postalCode ?? '',
    'Patient State': lives?.state ?? '',
    'Patient Country': lives?.country ?? '',
  };
}

function namesOf(name: HumanName | undefined): [given: readonly string[], family: string] {
  const given = textsOf(name?.given);
  const family = name?.family ?? '';
  const words = name?.text?.trim().split(/\s+/) ?? [];
  if (given.length > 0 || family !== '' || words.length < 2) return [given, family];
  return [words.slice(0, -1), words.at(-1)!];
}

const textsOf = (list: readonly (string | null)[] = []): string[] =>
  list.filter((text): text is string => text !== null && text.trim() !== '');

function best<T extends { readonly use?: string; readonly period?: Period }>(
  all: readonly T[] | undefined,
  uses: readonly (string | undefined)[],
): T | undefined {
  const rank = ({ use, period }: T): number => {
    const at = uses.indexOf(use);
    return (at < 0 ? uses.length : at) * 2 + (period?.end === undefined ? 0 : 1);
  };
  return all?.toSorted((a, b) => rank(a) - rank(b))[0];
}
