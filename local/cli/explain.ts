import path from 'node:path';
import { CommanderError } from 'commander';
import { PipelineError } from '../../shared/errors.ts';
import { machineFault } from './machineFault.ts';
import { UsageError } from './usageError.ts';

/**
 * What a command that failed says, without a stack.
 *
 * @param out folder of the run, if the command is one
 */
export function explain(
  error: unknown,
  out: string | undefined,
): { readonly cause: string; readonly cure: string } {
  if (error instanceof PipelineError) return error.reason;
  const known = error instanceof UsageError ? error : machineFault(error, out);
  if (known) return { cause: known.message, cure: known.cure };
  const cause = error instanceof Error ? error.message : String(error);
  if (error instanceof CommanderError) return { cause, cure: 'Add --help for the options.' };
  return {
    cause,
    cure:
      out === undefined
        ? 'If this persists, please open an issue with this message.'
        : `If this persists, ${path.join(out, 'logs')} says more.`,
  };
}
