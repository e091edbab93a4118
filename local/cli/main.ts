import { Command, CommanderError } from 'commander';
import { BrokenOffError } from './brokenOff.ts';
import { note, printableLines, sayJson } from './console.ts';
import { explain } from './explain.ts';
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
 * cause and cure, without a stack; with `--json` they stand in an object on standard output as well.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const begun = performance.now();
  // Exports, quarantine and reports are for whoever runs this alone; what it starts inherits it.
  process.umask(0o077);
  const program = new Command('npm run')
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({ outputError: (text, write) => write(printableLines(text)) })
    .configureHelp({ commandUsage: usageOf })
    .hook('preAction', requireCheckedCertificates);
  const named = COMMANDS[argv[0] ?? ''];
  for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    process.exitCode = 1;
    const brokenOff = error instanceof BrokenOffError ? error : undefined;
    const { cause, cure } = explain(brokenOff ? brokenOff.cause : error, outOf(program, argv[0]));
    // Commander has shown its own errors already.
    if (!(error instanceof CommanderError)) note(`Error: ${cause}\n${cure}`);
    if (argv.includes('--json')) {
      const seconds = Math.round(performance.now() - begun) / 1000;
      sayJson({ exports: brokenOff?.exports ?? [], seconds, peakRssMb: 0, error: `${cause} ${cure}` });
    }
  }
}

/** As it is typed: npm passes on only what stands behind `--`. */
function usageOf(command: Command): string {
  const name = command.name();
  if (command.parent === null) return `${name} COMMAND -- ${command.usage()}`;
  const script = name === 'start' ? 'npm start' : `npm run ${name === 'func' ? 'start:func' : name}`;
  return `${script} -- ${command.usage()}`;
}

/** The app refuses this as well; here it holds for every command, also for those that talk to an account only. */
function requireCheckedCertificates(): void {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return;
  throw new UsageError(
    'NODE_TLS_REJECT_UNAUTHORIZED is 0, which turns the check of certificates off.',
    'Remove it from the environment; a certificate authority of your own goes into NODE_EXTRA_CA_CERTS.',
  );
}

/** Commands that write into the folder --out and leave a log there. */
const RUNS: ReadonlySet<string> = new Set(['start', 'watch', 'func']);

/** That folder; undefined for other commands: theirs is a file, or was made by a run. */
function outOf(program: Command, name = ''): string | undefined {
  if (!RUNS.has(name)) return undefined;
  return program.commands.find((command) => command.name() === name)?.opts<{ out: string }>().out;
}
