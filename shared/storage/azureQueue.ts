import type { QueueClient } from '@azure/storage-queue';
import type { MessageQueue } from './queue.ts';
import { withRetries, type RetryContext } from './retry.ts';

const FOR_EVER = -1;
const MAX_DELAY_SECONDS = 7 * 86_400;

/** A queue of Azure Queue Storage; delays are rounded up to whole seconds. The client must not retry by itself. */
export function azureQueue(client: QueueClient, context: RetryContext): MessageQueue {
  return {
    async send(message, delayMs = 0) {
      const text = Buffer.from(JSON.stringify(message)).toString('base64');
      const visibilityTimeout = Math.min(Math.ceil(Math.max(delayMs, 0) / 1000), MAX_DELAY_SECONDS);
      await withRetries(context, (_attempt, abortSignal) =>
        client.sendMessage(text, { visibilityTimeout, messageTimeToLive: FOR_EVER, abortSignal }),
      );
    },
  };
}
