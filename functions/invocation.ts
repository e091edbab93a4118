import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { InvocationContext } from '@azure/functions';
import type { Log } from '../shared/log.ts';
import { createLog } from '../shared/telemetry/log.ts';

const current = new AsyncLocalStorage<InvocationContext>();

const underWay = new Set<Promise<unknown>>();

/** Run a handler so that what the domain logs belongs to its invocation. */
export async function inInvocation<T>(context: InvocationContext, work: () => Promise<T>): Promise<T> {
  const running = current.run(context, work);
  underWay.add(running);
  try {
    return await running;
  } finally {
    underWay.delete(running);
  }
}

/** Resolves when no invocation is under way, at the latest after `ms`. */
export async function invocationsEnded(ms: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([Promise.allSettled(underWay), delay(ms, undefined, { signal: timer.signal })]);
  timer.abort();
}

/** The domain's log: lines go to the invocation they come from, or to the console outside of one. */
export function invocationLog(hashNames: boolean): Log {
  return createLog((level, line) => (current.getStore() ?? console)[level](line), hashNames);
}
