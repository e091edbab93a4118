import { Command, CommanderError } from 'commander';
import { addCheckCommand } from './check.ts';
import { addGenerateCommand } from './generate.ts';
import { addStartCommand } from './start.ts';
import { UsageError } from './usageError.ts';
import { addWatchCommand } from './watch.ts';

/**
 * Run one command line and return its exit code. Commands set `process.exitCode` themselves; what they throw is shown as
 * cause and cure, without a stack.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('npm run').exitOverride().showHelpAfterError('(add --help for the options)');
  for (const add of [addStartCommand, addWatchCommand, addCheckCommand, addGenerateCommand]) add(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeFor(error);
  }
}

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
  if (error instanceof UsageError) {
    console.error(`Error: ${error.message}\n${error.cure}`);
    return 1;
  }
  console.error(`Error: ${error instanceof Error ? error.message : String(error)}`);
  console.error('If this persists, the logs folder of the run says more (default .local/out/logs).');
  return 1;
}
