import { AsyncLocalStorage } from 'node:async_hooks';
import type { InvocationContext } from '@azure/functions';
import type { Log } from '../shared/log.ts';
import { createLog } from '../shared/telemetry/log.ts';
import { RedactedError } from '../shared/telemetry/redactedError.ts';
import type { SpanStart, Telemetry } from '../shared/telemetry/telemetry.ts';

const current = new AsyncLocalStorage<InvocationContext>();

/**
 * Run a handler so that what the domain logs belongs to its invocation.
 * @throws {RedactedError} for whatever the handler throws: the host writes it to its log
 */
export async function inInvocation<T>(context: InvocationContext, work: () => Promise<T>): Promise<T> {
  try {
    return await current.run(context, work);
  } catch (error) {
    throw new RedactedError(error);
  }
}

/** The domain's log: lines go to the invocation they come from, or to the console outside of one, and to the telemetry. */
export function invocationLog(telemetry: Telemetry, hashNames: boolean): Log {
  return createLog((level, line) => (current.getStore() ?? console)[level](line), hashNames, telemetry);
}

/**
 * How the span of an invocation begins: in the trace that its message carries (property `traceparent`, W3C), else in the host's.
 */
export function invocationSpan({ traceContext }: InvocationContext, message?: unknown): SpanStart {
  const own = traceContext?.traceParent;
  const told = (message as { traceparent?: unknown } | undefined | null)?.traceparent;
  if (typeof told !== 'string') return { kind: 'consumer', ...(own === undefined ? {} : { parent: own }) };
  return { kind: 'consumer', parent: told, ...(own === undefined ? {} : { link: own }) };
}
