import { factsOf } from '../errorFacts.ts';
import { PipelineError } from '../errors.ts';

/**
 * An error that may leave the app: the host logs what a function throws. Texts of libraries quote URLs, names and answers, so of an
 * error that is none of ours only class, codes and the places in the code remain; no cause is carried along.
 */
export class RedactedError extends Error {
  constructor(error: unknown) {
    const { errorName, code, status } = factsOf(error);
    const facts = [code, status].filter((fact) => fact !== undefined).join(' ');
    super(error instanceof PipelineError ? error.message : facts);
    this.name = errorName;
    this.stack = [`${errorName}: ${this.message}`, ...framesOf(error)].join('\n');
  }
}

/** Frames of the stack, without the text above them that repeats the message. */
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  const { stack, message } = error;
  const at = stack.indexOf(message);
  if (at === -1) return [];
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => /^\s+at .*\(?(?:node:|file:|\/|[A-Za-z]:\\).*:\d+:\d+\)?$/u.test(line));
}
