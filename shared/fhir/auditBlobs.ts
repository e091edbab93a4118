import { createHash } from 'node:crypto';
import type { BlobStore } from '../storage/blobs.ts';

/** Where Azure Monitor archives the audit log of Azure Health Data Services. */
export const AUDIT_CONTAINER = 'insights-logs-auditlogs';
export const HOUR_MS = 3_600_000;

const NAME =
  /^resourceId=(?<source>\/?.*\/FHIRSERVICES\/[^/]+)\/y=(?<y>\d{4})\/m=(?<mo>\d\d)\/d=(?<d>\d\d)\/h=(?<h>\d\d)\/m=(?<mi>\d\d)\/PT1H\.json$/i;

/** An hour's blob of one FHIR service's audit log. */
export type AuditBlob = {
  readonly name: string;
  /** Resource id of the FHIR service, in lower case. */
  readonly source: string;
  /** Beginning of the hour, UTC ms. */
  readonly hour: number;
  readonly bytes: number;
  /** UTC ms. */
  readonly modifiedAt: number;
};

/** Key of a FHIR service in the ledger and in blob names: 8 hexadecimal digits. */
export const sourceKey = (source: string): string =>
  createHash('sha256').update(`fhir\n${source}`).digest('hex').slice(0, 8);

/**
 * The audit log's blobs by FHIR service, each service's in order of their hours. `source` narrows to services whose resource id
 * ends with it, without case; other blobs of the container are passed over.
 */
export async function listAuditBlobs(
  blobs: Pick<BlobStore, 'list'>,
  container: string,
  source: string,
): Promise<ReadonlyMap<string, readonly AuditBlob[]>> {
  const found = new Map<string, AuditBlob[]>();
  for await (const { name, bytes, modifiedAt } of blobs.list(container, 'resourceId=')) {
    const parts = NAME.exec(name)?.groups;
    if (parts === undefined || !parts['source']!.toLowerCase().endsWith(source.toLowerCase())) continue;
    const hour = Date.UTC(+parts['y']!, +parts['mo']! - 1, +parts['d']!, +parts['h']!, +parts['mi']!);
    const blob = { name, source: parts['source']!.toLowerCase(), hour, bytes, modifiedAt };
    const list = found.get(blob.source);
    if (list === undefined) found.set(blob.source, [blob]);
    else list.push(blob);
  }
  for (const list of found.values()) list.sort((a, b) => a.hour - b.hour);
  return found;
}
