import { AUDIT_HEADER_PREFIX } from './auditHeaders.ts';
import { operationOf } from './patientIds.ts';

/** One line of the FHIR service's audit log, as far as the collector needs it. */
export type AuditEntry = {
  /** As written, in either of the forms seen. */
  readonly time: string;
  /** Last part of the operation's name (`read`, `search-type`), or the operation called (`everything`). */
  readonly interaction: string;
  readonly result: string;
  readonly correlationId: string;
  readonly uri: string;
  /** '' when the entry does not say. */
  readonly resourceType: string;
  /** Object id of who called the service, in lower case; '' when the entry does not say. */
  readonly callerOid: string;
  /** Custom audit headers by name in upper case, without the prefix. */
  readonly headers: ReadonlyMap<string, string>;
};

type Json = Readonly<Record<string, unknown>>;

const OBJECT_ID = 'http://schemas.microsoft.com/identity/claims/objectidentifier';

/**
 * Reads one line. `properties` and `identity` may be objects or strings holding JSON; the custom headers stand directly in
 * `properties` or one level down.
 * @returns undefined for a line that is no audit entry: no JSON object, no operation, no result, unreadable properties
 */
export function parseAuditEntry(line: string): AuditEntry | undefined {
  const entry = asObject(line);
  if (entry === undefined) return undefined;
  const operation = text(entry['operationName']);
  const result = text(entry['resultType']);
  const properties = asObject(entry['properties'] ?? {});
  if (operation === '' || result === '' || properties === undefined) return undefined;
  const uri = text(entry['uri']);
  const claims = asObject(asObject(entry['identity'])?.['claims']);
  return {
    time: text(entry['time']),
    interaction: operationOf(uri) ?? operation.slice(operation.lastIndexOf('/') + 1),
    result,
    correlationId: text(entry['correlationId']),
    uri,
    resourceType: text(properties['fhirResourceType']),
    callerOid: (text(claims?.['oid']) || text(claims?.[OBJECT_ID])).toLowerCase(),
    headers: headersOf(properties),
  };
}

/** The end's view of an access, filled up from its beginning where the end says nothing. */
export function mergeEntries(start: AuditEntry, end: AuditEntry): AuditEntry {
  return {
    ...end,
    uri: end.uri || start.uri,
    resourceType: end.resourceType || start.resourceType,
    callerOid: end.callerOid || start.callerOid,
    headers: new Map([...start.headers, ...end.headers]),
  };
}

function headersOf(properties: Json): Map<string, string> {
  const headers = new Map<string, string>();
  const collect = (object: Json, deeper: boolean): void => {
    for (const [key, value] of Object.entries(object)) {
      const upper = key.toUpperCase();
      if (upper.startsWith(AUDIT_HEADER_PREFIX)) {
        const name = upper.slice(AUDIT_HEADER_PREFIX.length);
        if (!headers.has(name)) headers.set(name, text(value));
      } else if (deeper) {
        const inner = asObject(value);
        if (inner !== undefined) collect(inner, false);
      }
    }
  };
  collect(properties, true);
  return headers;
}

/** An object, or a string that holds one; an empty string is an empty object. */
function asObject(value: unknown): Json | undefined {
  if (typeof value === 'string') {
    if (value === '') return {};
    if (!/^\s*\{/.test(value)) return undefined;
    try {
      return asObject(JSON.parse(value));
    } catch {
      return undefined;
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** A text or a number, or a list of them; anything deeper is none, however deep it goes. */
const text = (value: unknown): string =>
  Array.isArray(value) ? value.map(plainText).join(', ') : plainText(value);

const plainText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
