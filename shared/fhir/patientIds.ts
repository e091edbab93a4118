/** FHIR R4: 1 to 64 letters, digits, - and . */
const ID = /^[A-Za-z0-9.-]{1,64}$/;
const REFERENCE = /(?:^|\/)Patient\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/;

/** What a request's URI names. */
export type Target = {
  /** Logical ids of the patients named, each once; empty when it names none. */
  readonly patients: readonly string[];
  /** Resource type of the data asked for; '' when the URI names none. */
  readonly resourceType: string;
};

/**
 * The patients whose data a request asks for, by its URI: `/Patient/123` and all below it, `/Patient?_id=1,2`, and the search
 * parameters `patient` and `subject`. A search by other parameters names none, a read of another resource by its id neither.
 * @returns undefined when the URI cannot be read
 */
export function targetOf(uri: string): Target | undefined {
  const url = URL.parse(uri, 'https://fhir/');
  if (url === null) return undefined;
  const { pathname, searchParams } = url;
  const segments = segmentsOf(pathname);
  const types = segments.filter((segment) => /^[A-Z][A-Za-z]+$/.test(segment));
  const at = segments.indexOf('Patient');
  const own = at < 0 ? undefined : segments[at + 1];
  const patients = new Set<string>();
  if (own !== undefined && ID.test(own)) patients.add(own);
  for (const [key, value] of searchParams)
    for (const id of idsOf(key, value, segments.at(-1) === 'Patient')) patients.add(id);
  // `/Patient/123/Observation` asks for observations.
  const type = own !== undefined && types.includes(segments[at + 2] ?? '') ? segments[at + 2] : types[0];
  return { patients: [...patients], resourceType: type ?? '' };
}

/** The operation that a request's path ends with: `everything` of `/Patient/123/$everything`; undefined when it calls none. */
export function operationOf(uri: string): string | undefined {
  // Most call none, and need not be parsed for it.
  if (!/\$|%24/.test(uri)) return undefined;
  const last = segmentsOf(URL.parse(uri, 'https://fhir/')?.pathname ?? '').at(-1);
  return /^\$([\w-]+)$/.exec(last ?? '')?.[1];
}

/** As the service takes them: `%31` in a path is a 1, and hides nothing. */
function segmentsOf(pathname: string): string[] {
  const segments = pathname.split('/').filter((segment) => segment !== '');
  return segments.map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  });
}

function idsOf(key: string, value: string, ofPatients: boolean): string[] {
  const [name, modifier] = key.split(':');
  if (name === '_id' && ofPatients && modifier === undefined)
    return value.split(',').filter((id) => ID.test(id));
  if (name !== 'patient' && name !== 'subject') return [];
  if (modifier !== undefined && modifier !== 'Patient') return [];
  // A bare id under `subject` may be a group's: looked up as a patient all the same, and told when it is none.
  return value
    .split(',')
    .map((reference) => REFERENCE.exec(reference)?.[1] ?? (ID.test(reference) ? reference : ''))
    .filter((id) => id !== '');
}
