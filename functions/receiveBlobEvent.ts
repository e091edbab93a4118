import { app, type InvocationContext } from '@azure/functions';
import { QUEUES } from '../shared/ledger/model.ts';
import { inInvocation, invocationSpan } from './invocation.ts';
import { config, services } from './services.ts';

/**
 * Event Grid told of a blob by way of a storage queue, which works with every endpoint closed: the same domain call as the blob
 * trigger's. Events that tell of no whole blob are dropped.
 */
async function handleEvent(message: unknown, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const [{ parseBlobEvent }, { receiveExport }] = await Promise.all([
      import('../shared/export/blobEvent.ts'),
      import('../shared/export/receive.ts'),
    ]);
    const { split, log, telemetry } = await services();
    const event = parseBlobEvent(message);
    if (event === undefined) {
      log.warn('event.ignored');
      return;
    }
    await telemetry.inSpan('export.receive', invocationSpan(context), async () => {
      const traceparent = telemetry.traceparent();
      await receiveExport({ ...event, ...(traceparent ? { traceparent } : {}) }, split);
    });
  });
}

if (config.export.eventSource === 'queue') {
  app.storageQueue('receiveBlobEvent', {
    queueName: QUEUES.blobEvents,
    connection: 'ExportStorage',
    handler: handleEvent,
  });
}
