import { ConflictError, isIdentityFault, PipelineError } from '../errors.ts';

/** This invocation no longer owns what it was about to change: another one does. It must stop and leave everything as it is. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/**
 * Whether an error is the storage, the network or the identity at fault and not the program: it carries an HTTP status or a code of
 * the system, or says that no token could be had.
 * Such an error must cost neither records nor attempts of a message.
 */
export function isEnvironmentFault(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof PipelineError || error instanceof ConflictError)
    return false;
  if (error.name === 'AbortError' || error.name === 'TimeoutError' || isIdentityFault(error)) return true;
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  if (typeof statusCode === 'number') return true;
  return typeof code === 'string' && !code.startsWith('ERR_');
}
