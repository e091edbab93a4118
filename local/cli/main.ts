import { Command, CommanderError } from 'commander';
import { machineFault } from './machineFault.ts';
import { UsageError } from './usageError.ts';

/** Each command's module is loaded when it is asked for: `check` has no use for 100 MB of Azure SDK. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  start: async () => (await import('./start.ts')).addStartCommand,
  watch: async () => (await import('./watch.ts')).addWatchCommand,
  check: async () => (await import('./check.ts')).addCheckCommand,
  generate: async () => (await import('./generate.ts')).addGenerateCommand,
  replay: async () => (await import('./replay.ts')).addReplayCommand,
  report: async () => (await import('./report.ts')).addReportCommand,
  func: async () => (await import('./func.ts')).addFuncCommand,
};

/**
 * Run one command line and return its exit code. Commands set `process.exitCode` themselves; what they throw is shown as
 * cause and cure, without a stack.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('npm run').exitOverride().showHelpAfterError('(add --help for the options)');
  const named = COMMANDS[argv[0] ?? ''];
  for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeFor(error);
  }
}

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
  const known = error instanceof UsageError ? error : machineFault(error);
  if (known) {
    console.error(`Error: ${known.message}\n${known.cure}`);
    return 1;
  }
  console.error(`Error: ${error instanceof Error ? error.message : String(error)}`);
  console.error('If this persists, the logs folder of the run says more (default .local/out/logs).');
  return 1;
}
