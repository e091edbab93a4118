import type { AuditEntry } from './auditEntry.ts';

/** The header that the collector puts on its own requests, and what it says. */
export const OWN_HEADER = 'COLLECTOR';
export const OWN_MARK = 'ehr-purview-pipeline';

/**
 * Whether an entry is one of the collector's own reads: its header *and* its identity. The header alone is no proof, since
 * anyone could send it to stay unseen.
 */
export const isOwnRead = ({ headers, callerOid }: AuditEntry, ownOid: string): boolean =>
  headers.get(OWN_HEADER) === OWN_MARK && callerOid !== '' && callerOid === ownOid.toLowerCase();

/** Object id that a token of Microsoft Entra ID was issued to; undefined when it is not such a token. */
export function oidOfToken(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const oid = (claims as { oid?: unknown } | null)?.oid;
    return typeof oid === 'string' ? oid : undefined;
  } catch {
    return undefined;
  }
}
