import type { useAzureMonitor } from 'applicationinsights';
import { ALLOWED_FIELDS } from './fields.ts';
import { SPAN_NAMES } from './telemetry.ts';

type Options = NonNullable<Parameters<typeof useAzureMonitor>[0]>;
type SpanProcessor = NonNullable<Options['spanProcessors']>[number];
type LogRecordProcessor = NonNullable<Options['logRecordProcessors']>[number];

/** Attribute that Azure Monitor shows as the name of a request. */
export const OPERATION_NAME = 'ai.operation.name';
const ALLOWED: ReadonlySet<string> = new Set(ALLOWED_FIELDS);
const NAMES: ReadonlySet<string> = new Set(SPAN_NAMES);
/** Shape of an event's name; anything else is no event of ours. */
const EVENT = /^[a-z][A-Za-z]*(?:\.[a-z][A-Za-z]*)+$/u;
const UNLISTED = 'unlisted';
const done = (): Promise<void> => Promise.resolve();

/**
 * The last gate before the exporter, for whatever a library may add to spans one day: names, attributes and texts that are not
 * ours are taken out.
 */
export const redactingSpanProcessor: SpanProcessor = {
  onStart: () => undefined,
  onEnd(span) {
    const open = span as { name: string; status: { message?: string } };
    if (!NAMES.has(span.name)) open.name = UNLISTED;
    const isRequest = OPERATION_NAME in span.attributes;
    deleteUnlisted(span.attributes);
    if (isRequest) span.attributes[OPERATION_NAME] = open.name;
    span.events.length = 0;
    delete open.status.message;
  },
  forceFlush: done,
  shutdown: done,
};

/** The same for log lines. */
export const redactingLogProcessor: LogRecordProcessor = {
  onEmit(record) {
    if (typeof record.body !== 'string' || !EVENT.test(record.body)) record.setBody(UNLISTED);
    deleteUnlisted(record.attributes);
  },
  forceFlush: done,
  shutdown: done,
};

function deleteUnlisted(attributes: Record<string, unknown>): void {
  for (const name of Object.keys(attributes)) if (!ALLOWED.has(name)) delete attributes[name];
}
