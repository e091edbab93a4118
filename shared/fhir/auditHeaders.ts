import { PipelineError, type Reason } from '../errors.ts';
import { encryptHeaderValue, type HeaderKeys } from './headerCipher.ts';

/** Every custom audit header begins with it; compared without case. */
export const AUDIT_HEADER_PREFIX = 'X-MS-AZUREFHIR-AUDIT-';
/** Different headers in one request; past it the FHIR service answers 400 (Microsoft Learn). */
export const MAX_AUDIT_HEADERS = 10;
/** Characters of one header's value as sent: joined, encrypted (Microsoft Learn). */
export const MAX_AUDIT_HEADER_LENGTH = 2048;

/** Values by name, the name without the prefix. Several values, or names that differ in case only, become one header. */
export type AuditValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Which rule a header broke: too many of them, too long, not a header name, or characters no header may carry. */
export type AuditHeaderRule = 'count' | 'length' | 'name' | 'characters';

/** A header that the FHIR service would refuse. Says which rule and by how much; never shows a value. */
export class AuditHeaderError extends PipelineError {
  readonly rule: AuditHeaderRule;
  /** Headers or characters supplied, and how many are allowed; 0 where the rule is not about a number. */
  readonly supplied: number;
  readonly allowed: number;

  constructor(rule: AuditHeaderRule, reason: Reason, supplied = 0, allowed = 0) {
    super(reason);
    this.rule = rule;
    this.supplied = supplied;
    this.allowed = allowed;
  }
}

/** RFC 9110: a field name is a token. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** Visible ASCII, space and tab: what passes every proxy and server unchanged. */
const VALUE = /^[\t\x20-\x7e]*$/;

/**
 * Builds the custom audit headers of one request.
 * Several values are joined with ", ", each encrypted before when `keys` are given. An undefined value or an empty list is left out.
 *
 * @returns headers by full name, in upper case
 * @throws {AuditHeaderError} when the service would answer 400
 * @example auditHeaders({ USERID: 'jdoe', USERLOCATION: ['HospitalA', 'Emergency'] }, keys)
 */
export function auditHeaders(values: AuditValues, keys?: HeaderKeys): Record<string, string> {
  const lists = new Map<string, string[]>();
  for (const [name, given] of Object.entries(values)) {
    const list = given === undefined ? [] : typeof given === 'string' ? [given] : given;
    if (list.length === 0) continue;
    const upper = name.toUpperCase();
    lists.set(upper, [...(lists.get(upper) ?? []), ...list]);
  }
  if (lists.size > MAX_AUDIT_HEADERS) throw tooMany(lists.size);
  return Object.fromEntries(
    [...lists].map(([name, list]) => [AUDIT_HEADER_PREFIX + name, headerValue(name, list, keys)]),
  );
}

function headerValue(name: string, list: readonly string[], keys: HeaderKeys | undefined): string {
  if (!NAME.test(name)) throw badName();
  const sent = keys === undefined ? list : list.map((value) => encryptHeaderValue(value, name, keys));
  // HTTP strips white space around a value: what is measured here must be what arrives, also when each came in a line of its own.
  const joined = sent.map(stripped).join(', ');
  const value = stripped(joined);
  if (!VALUE.test(value)) throw badCharacters(name);
  if (joined.length > MAX_AUDIT_HEADER_LENGTH) throw tooLong(name, joined.length);
  return value;
}

const stripped = (value: string): string => value.replace(/^[\t ]+|[\t ]+$/g, '');

const tooMany = (supplied: number): AuditHeaderError =>
  new AuditHeaderError(
    'count',
    {
      code: 'AUDIT_HEADER_COUNT',
      cause: `The maximum number of custom audit headers allowed is ${MAX_AUDIT_HEADERS}. The number of custom audit headers supplied is ${supplied}.`,
      cure: `Leave out ${supplied - MAX_AUDIT_HEADERS} of them, or put several values into one.`,
    },
    supplied,
    MAX_AUDIT_HEADERS,
  );

const tooLong = (name: string, supplied: number): AuditHeaderError =>
  new AuditHeaderError(
    'length',
    {
      code: 'AUDIT_HEADER_LENGTH',
      cause: `The maximum length of a custom audit header value is ${MAX_AUDIT_HEADER_LENGTH}. The supplied custom audit header '${AUDIT_HEADER_PREFIX}${name}' has length of ${supplied}.`,
      cure: `Shorten it by ${supplied - MAX_AUDIT_HEADER_LENGTH} characters as sent; joining and encrypting count.`,
    },
    supplied,
    MAX_AUDIT_HEADER_LENGTH,
  );

const badName = (): AuditHeaderError =>
  new AuditHeaderError('name', {
    code: 'AUDIT_HEADER_NAME',
    cause: "A custom audit header's name is empty or holds a character that no HTTP header name may hold.",
    cure: "Name it with letters, digits and the characters !#$%&'*+-.^_`|~ only.",
  });

const badCharacters = (name: string): AuditHeaderError =>
  new AuditHeaderError('characters', {
    code: 'AUDIT_HEADER_CHARACTERS',
    cause: `The value of ${AUDIT_HEADER_PREFIX}${name} holds a character other than visible ASCII, space and tab.`,
    cure: 'Encrypt the value (any text can be encrypted), or write it in ASCII.',
  });
