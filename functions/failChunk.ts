import { app, type InvocationContext } from '@azure/functions';
import { QUEUES } from '../shared/ledger/model.ts';
import { inInvocation, invocationSpan } from './invocation.ts';
import { services } from './services.ts';

/** A chunk's message was poisoned: send it again if it made progress, else give the chunk up after the third time. */
async function handlePoison(message: unknown, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const { failChunk } = await import('../shared/delivery/failChunk.ts');
    const { split, telemetry } = await services();
    await telemetry.inSpan('chunk.poisoned', invocationSpan(context, message), async () => {
      await failChunk(message, split);
    });
  });
}

app.storageQueue('failChunk', {
  queueName: QUEUES.poison,
  connection: 'ExportStorage',
  handler: handlePoison,
});
