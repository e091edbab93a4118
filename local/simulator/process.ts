import { startSimulator } from './simulator.ts';
import type { Simulator, SimulatorOptions } from './types.ts';

/** A call from the parent, and what comes back for it. */
export type Call = {
  readonly id: number;
  readonly method: keyof Simulator | 'start';
  readonly argument?: unknown;
};
export type Reply = { readonly id: number; readonly result?: unknown; readonly error?: string };

let simulator: Simulator | undefined;

async function perform({ method, argument }: Call): Promise<unknown> {
  if (method === 'start') {
    simulator = await startSimulator(argument as SimulatorOptions);
    const { url, authority, ca, tenantId, appId, secret, jobId } = simulator;
    return { url, authority, ca, tenantId, appId, secret, jobId };
  }
  const member = simulator?.[method];
  return typeof member === 'function' ? (member as (value: unknown) => Promise<unknown>)(argument) : member;
}

process.on('message', (call: Call) => {
  perform(call).then(
    (result) => process.send?.({ id: call.id, result } satisfies Reply),
    (error: unknown) =>
      process.send?.({
        id: call.id,
        error: error instanceof Error ? error.message : 'failed',
      } satisfies Reply),
  );
});
// The parent is gone, by whatever end it came to: nobody needs this process any more.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent decides when this one may go.
process.on('SIGINT', () => {});
