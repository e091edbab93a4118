/**
 * For applications that call a FHIR service: build, encrypt and send the custom audit headers. Needs Node's crypto and
 * nothing else of this project; docs/fhir.md shows it with plain `fetch` and with fhir-kit-client.
 */
export {
  AUDIT_HEADER_PREFIX,
  AuditHeaderError,
  auditHeaders,
  MAX_AUDIT_HEADER_LENGTH,
  MAX_AUDIT_HEADERS,
  type AuditHeaderRule,
  type AuditValues,
} from './auditHeaders.ts';
export { auditFetch } from './auditFetch.ts';
export { parseHeaderKeys, type HeaderKeys } from './headerCipher.ts';
