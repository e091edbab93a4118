/** One call of a store, as a fault hook sees it. */
export type StoreCall = {
  readonly port: 'table' | 'blob' | 'queue';
  /** Name of the table or queue; container for blobs. */
  readonly store: string;
  readonly operation: string;
  readonly when: 'before' | 'after';
};

/** Called before and after every call of a store; what it throws, the caller of the store meets. */
export type FaultHook = (call: StoreCall) => void | Promise<void>;

/** What every store in memory takes. */
export type StoreOptions = { readonly hook?: FaultHook | undefined };

/** Runs one atomic step between the two moments of the hook, each after a turn of the event loop's microtasks. */
export async function atomic<Result>(
  hook: FaultHook | undefined,
  call: Omit<StoreCall, 'when'>,
  step: () => Result,
): Promise<Result> {
  await Promise.resolve();
  await hook?.({ ...call, when: 'before' });
  const result = step();
  await hook?.({ ...call, when: 'after' });
  return result;
}
