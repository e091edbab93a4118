import type { ExportEvent } from './receive.ts';

/** `data.api` of the writes after which a blob is whole; CreateFile and SftpCreate come before its content. */
const WHOLE: ReadonlySet<string> = new Set([
  'PutBlob',
  'PutBlockList',
  'CopyBlob',
  'FlushWithClose',
  'SftpCommit',
]);
const SUBJECT = /^\/blobServices\/default\/containers\/(?<container>[^/]+)\/blobs\/(?<blobName>.+)$/u;

/**
 * What an Event Grid event from a storage queue says, in the Event Grid schema or as a CloudEvent.
 * @returns undefined for an event of another type, or of a write that does not complete a blob
 */
export function parseBlobEvent(message: unknown): ExportEvent | undefined {
  const event = record(message);
  const type = event?.['eventType'] ?? event?.['type'];
  const data = record(event?.['data']);
  if (type !== 'Microsoft.Storage.BlobCreated' || !WHOLE.has(String(data?.['api']))) return undefined;
  const { container, blobName } = SUBJECT.exec(String(event?.['subject']))?.groups ?? {};
  if (container === undefined || blobName === undefined) return undefined;
  const etag = data?.['eTag'] ?? data?.['etag'];
  return { container, blobName, ...(typeof etag === 'string' ? { etag } : {}) };
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
