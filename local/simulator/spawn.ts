import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Call, Reply } from './process.ts';
import type { JournalEntry, Simulator, SimulatorOptions } from './types.ts';

/**
 * Start the simulator in a process of its own, which ends with this one.
 * @throws {Error} with the reason when it does not start: a wrong fault specification, a port in use
 */
export async function spawnSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const child = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), { serialization: 'advanced' });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  let gone = false;

  const failAll = (): void => {
    gone = true;
    for (const { reject } of waiting.values()) reject(new Error('The simulator ended unexpectedly.'));
    waiting.clear();
  };
  child.on('exit', failAll);
  child.on('message', ({ id, result, error }: Reply) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(error));
  });
  const call = <T>(method: Call['method'], argument?: unknown): Promise<T> => {
    if (gone) return Promise.reject(new Error('The simulator has ended.'));
    calls += 1;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(calls, answer);
    child.send({ id: calls, method, argument } satisfies Call);
    return answer.promise as Promise<T>;
  };
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.disconnect();
    await exit;
  };

  try {
    const facts = await call<Omit<Simulator, 'log' | 'setFaults' | 'setSecret' | 'expireTokens' | 'close'>>(
      'start',
      options,
    );
    return {
      ...facts,
      log: () => call<readonly JournalEntry[]>('log'),
      setFaults: (spec) => call('setFaults', spec),
      setSecret: (secret) => call('setSecret', secret),
      expireTokens: () => call('expireTokens'),
      close: async () => {
        if (!gone) await call('close');
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
