import { app, type InvocationContext } from '@azure/functions';
import { QUEUES } from '../shared/ledger/model.ts';
import { inInvocation, invocationSpan } from './invocation.ts';
import { services } from './services.ts';

/**
 * Push one chunk to the connector API. Returns once the chunk is settled or the ledger knows when to go on; throws only for
 * messages that are none of ours and faults of the program, which end on the poison queue.
 */
async function handleChunk(message: unknown, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const { pushChunk } = await import('../shared/delivery/pushChunk.ts');
    const { push, log, telemetry } = await services();
    await telemetry.inSpan('chunk.push', invocationSpan(context, message), async (span) => {
      const { kind } = await pushChunk(message, push);
      span.set({ state: kind });
      log.debug('chunk.invocation', { state: kind });
    });
  });
}

app.storageQueue('pushChunk', {
  queueName: QUEUES.chunks,
  connection: 'ExportStorage',
  handler: handleChunk,
});
