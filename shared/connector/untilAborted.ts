/**
 * What comes of `work`; undefined once `signal` is aborted, and then `discard` gets what comes too late.
 * @throws what `work` throws before that
 */
export async function untilAborted<Result extends object>(
  work: Promise<Result>,
  signal: AbortSignal,
  discard: (late: Result) => void,
): Promise<Result | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const result = await Promise.race([aborted, work]);
    if (result === undefined) work.then(discard, () => undefined);
    return result;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
