import type { RegisteredFunction } from './app.ts';
import type { Binding, TypedData } from './coreTypes.ts';
import { type HostContext, type Listener, triggerOf } from './hostContext.ts';
import { QueueListener } from './queueListener.ts';
import type { Message } from './queueService.ts';
import { resolveSettings } from './settings.ts';

const POISON_SUFFIX = '-poison';

/** Serves a queue trigger. A queue named `…-poison` has no poison queue of its own. */
export function serveQueue(host: HostContext, fn: RegisteredFunction): Listener {
  const { name } = fn.metadata;
  const where = `Function ${name}`;
  const trigger = triggerOf(fn) as Binding & { queueName: string; connection?: string };
  const queueName = resolveSettings(trigger.queueName, host.settings, where);
  const { queues } = host.config;
  return new QueueListener({
    ...queues,
    ...host.times,
    queue: host.storage.queue(trigger.connection, queueName, where),
    poison: queueName.endsWith(POISON_SUFFIX)
      ? undefined
      : host.storage.queue(trigger.connection, queueName + POISON_SUFFIX, where),
    retryDelayMs: queues.visibilityTimeoutMs,
    log: host.log,
    name,
    handle: async (message) => {
      const data = queues.base64 ? fromBase64(message.text) : { string: message.text };
      await host.invoke(fn, {
        inputData: [{ name: trigger.name, data }],
        triggerMetadata: metadataOf(message, data, queueName),
      });
      return 'done';
    },
  });
}

/** Text where the bytes are text, else the bytes. @throws {Error} for what is not base64: messages are sent with one encoding */
function fromBase64(text: string): TypedData {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text.trim()) {
    throw new Error(
      'The message is not base64. Send it as host.json says: extensions.queues.messageEncoding.',
    );
  }
  const decoded = bytes.toString('utf8');
  return Buffer.from(decoded, 'utf8').equals(bytes) ? { string: decoded } : { bytes };
}

/** As the real host does, properties of a JSON message are added last, and so may hide those of the queue. */
function metadataOf(message: Message, data: TypedData, queueName: string): Record<string, TypedData> {
  return {
    QueueTrigger: { string: data.string ?? message.text },
    QueueName: { string: queueName },
    Id: { string: message.id },
    PopReceipt: { string: message.popReceipt },
    DequeueCount: { int: message.dequeueCount },
    InsertionTime: { json: JSON.stringify(isoTime(message.insertionTime)) },
    ExpirationTime: { json: JSON.stringify(isoTime(message.expirationTime)) },
    NextVisibleOn: { json: JSON.stringify(isoTime(message.nextVisibleOn)) },
    ...propertiesOf(data.string),
  };
}

function isoTime(httpDate: string): string {
  const time = new Date(httpDate);
  return Number.isNaN(time.getTime()) ? httpDate : time.toISOString();
}

function propertiesOf(text: string | undefined): Record<string, TypedData> {
  if (text === undefined || !text.trimStart().startsWith('{')) return {};
  try {
    const properties = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return Object.fromEntries(properties.map(([name, value]) => [name, { json: JSON.stringify(value) }]));
  } catch {
    return {};
  }
}
