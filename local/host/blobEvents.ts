import type { BlobFunction, BlobMessage } from './blobTrigger.ts';

/** Answer of the webhook; `body` is JSON. */
export type WebhookAnswer = { readonly status: number; readonly body?: object };

type GridEvent = { eventType?: string; data?: { url?: string; validationCode?: string } };

/**
 * `POST /runtime/webhooks/blobs?functionName=Host.Functions.<name>`, where Event Grid delivers. Answers the handshake, else
 * queues every event: like the real extension it looks at neither type, container nor path.
 * @throws {Error} for an event without `data.url` (BlobRenamed): Event Grid sees 500 and delivers again
 */
export async function receiveBlobEvents(
  body: string,
  fn: BlobFunction,
  enqueue: (message: BlobMessage) => Promise<void>,
): Promise<WebhookAnswer> {
  const parsed = JSON.parse(body) as GridEvent | GridEvent[];
  const events = Array.isArray(parsed) ? parsed : [parsed];
  const code = events.find(({ eventType }) => eventType === 'Microsoft.EventGrid.SubscriptionValidationEvent')
    ?.data?.validationCode;
  if (code !== undefined) return { status: 200, body: { validationResponse: code } };

  for (const { data } of events) {
    if (data?.url === undefined) throw new Error('The event has no data.url. Subscribe to BlobCreated only.');
    await enqueue(blobMessage(fn, ...blobOf(data.url)));
  }
  return { status: 202 };
}

export function blobMessage(fn: BlobFunction, container: string, blob: string, etag = ''): BlobMessage {
  return {
    Type: 'BlobTrigger',
    FunctionId: fn.id,
    BlobType: 'BlockBlob',
    ContainerName: container,
    BlobName: blob,
    ETag: etag,
  };
}

/** An address on an IP or localhost, as the emulator's, has the account as its first segment. */
function blobOf(address: string): [container: string, blob: string] {
  const url = new URL(address);
  const segments = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (/^(?:localhost|[\d.]+|\[.*\])$/.test(url.hostname)) segments.shift();
  const [container = '', ...blob] = segments;
  return [container, blob.join('/')];
}
