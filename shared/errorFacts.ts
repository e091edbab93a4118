import { PipelineError } from './errors.ts';

/** What may be told of an error: a reason of ours is words of ours, of any other error only its class and codes are. */
export type ErrorFacts = { readonly errorName: string; readonly code?: string; readonly status?: number };

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/u;
const CODE = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/u;

/** Class, code and HTTP status of whatever was thrown. */
export function factsOf(error: unknown): ErrorFacts {
  if (!(error instanceof Error)) return { errorName: 'NotAnError' };
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const told = error instanceof PipelineError ? error.reason.code : code;
  const status = error instanceof PipelineError ? error.reason.status : statusCode;
  return {
    errorName: NAME.test(error.name) ? error.name : 'Error',
    ...(typeof told === 'string' && CODE.test(told) ? { code: told } : {}),
    ...(typeof status === 'number' && Number.isInteger(status) ? { status } : {}),
  };
}
