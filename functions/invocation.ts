import { AsyncLocalStorage } from 'node:async_hooks';
import type { InvocationContext } from '@azure/functions';
import type { Log } from '../shared/log.ts';
import { createLog } from '../shared/telemetry/log.ts';

const current = new AsyncLocalStorage<InvocationContext>();

/** Run a handler so that what the domain logs belongs to its invocation. */
export const inInvocation = <T>(context: InvocationContext, work: () => Promise<T>): Promise<T> =>
  current.run(context, work);

/** The domain's log: lines go to the invocation they come from, or to the console outside of one. */
export function invocationLog(hashNames: boolean): Log {
  return createLog((level, line) => (current.getStore() ?? console)[level](line), hashNames);
}
