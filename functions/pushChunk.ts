import { app, type InvocationContext } from '@azure/functions';
import { QUEUES } from '../shared/ledger/model.ts';
import { inInvocation } from './invocation.ts';
import { services } from './services.ts';

/**
 * Push one chunk to the connector API. Returns once the chunk is settled or the ledger knows when to go on; throws only for
 * messages that are none of ours and faults of the program, which end on the poison queue.
 */
async function handleChunk(message: unknown, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const { pushChunk } = await import('../shared/delivery/pushChunk.ts');
    const { push, log } = await services();
    const result = await pushChunk(message, push);
    log.debug('chunk.invocation', { state: result.kind });
  });
}

app.storageQueue('pushChunk', {
  queueName: QUEUES.chunks,
  connection: 'ExportStorage',
  handler: handleChunk,
});
