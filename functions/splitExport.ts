import { app, type InvocationContext } from '@azure/functions';
import { CONTAINERS } from '../shared/ledger/model.ts';
import type { BlobReference } from './blobBinding.ts';
import { inInvocation, invocationSpan } from './invocation.ts';
import { config, services } from './services.ts';

/**
 * A blob appeared in `exports`: pin it, split it, queue its chunks. Given a reference, never the content.
 * The connector is the first folder of the blob's name. Throws when another delivery of the event may help.
 */
async function splitExport(reference: unknown, context: InvocationContext): Promise<void> {
  const { containerName, blobName } = reference as BlobReference;
  await inInvocation(context, async () => {
    const { receiveExport } = await import('../shared/export/receive.ts');
    const { split, telemetry } = await services();
    await telemetry.inSpan('export.receive', invocationSpan(context), async () => {
      const traceparent = telemetry.traceparent();
      const event = { container: containerName, blobName, ...(traceparent ? { traceparent } : {}) };
      await receiveExport(event, split);
    });
  });
}

const { eventSource } = config.export;

if (eventSource !== 'queue') {
  app.storageBlob('splitExport', {
    path: `${CONTAINERS.exports}/{name}`,
    connection: 'ExportStorage',
    sdkBinding: true,
    ...(eventSource === 'polling' ? {} : { source: 'EventGrid' }),
    handler: splitExport,
  });
}
