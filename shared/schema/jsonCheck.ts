import { Ajv, type ErrorObject } from 'ajv';

/**
 * Faults of a JSON value against a JSON Schema, in words that name the property; empty when it fits.
 * Says what is allowed, never what was found.
 */
export function jsonFaults(jsonSchema: object, value: unknown): string[] {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  const validate = ajv.compile(jsonSchema);
  if (validate(value)) return [];
  const faults = (validate.errors ?? []).flatMap((error) => describe(error) ?? []);
  return [...new Set(faults)];
}

function describe({ instancePath, keyword, params, message, propertyName }: ErrorObject): string | undefined {
  const path = instancePath.slice(1).split('/').map(unescapePointer).join(' → ');
  const where = path === '' ? 'the file' : `"${path}"`;
  const facts = params as Record<string, unknown>;
  const allowed = (values: unknown): string =>
    (values as unknown[]).map((one) => JSON.stringify(one)).join(', ');
  switch (keyword) {
    case 'additionalProperties':
      return `${where} has the property "${String(facts['additionalProperty'])}", which is not known`;
    case 'required':
      return `${where} lacks the property "${String(facts['missingProperty'])}"`;
    case 'enum':
      return propertyName === undefined
        ? `${where} must be one of ${allowed(facts['allowedValues'])}`
        : `${where} has the property "${propertyName}"; known are ${allowed(facts['allowedValues'])}`;
    case 'propertyNames':
    case 'anyOf':
      return undefined;
    default:
      return `${where} ${message ?? 'does not fit'}`;
  }
}

/** JSON pointers write `/` as `~1` and `~` as `~0`. */
function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
