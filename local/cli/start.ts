import path from 'node:path';
import type { Command } from 'commander';
import { formatReason, PipelineError, type Reason } from '../../shared/errors.ts';
import { resumeConnector } from '../../shared/delivery/control.ts';
import { BrokenOffError } from './brokenOff.ts';
import { printable, say, sayJson } from './console.ts';
import { explain } from './explain.ts';
import { interruptSignal } from './interrupt.ts';
import { readInputs } from './inputs.ts';
import { fileJob, FhirSource, type Job, type JobExport } from './job.ts';
import { operatorServices } from './operator.ts';
import { addInspectOption, addStackOptions, refuseSimulatorOptions, type StackOptions } from './options.ts';
import { collectOutput, type OutputPaths } from './output.ts';
import { createProgress } from './progress.ts';
import { earlierWords, lookAgain, resultsOf } from './results.ts';
import { takeRunLock, type RunLock } from './runLock.ts';
import { startStack, type Stack } from './stack.ts';
import { exitCodeOf, summaryTable, type ExportResult, type RunResult } from './summary.ts';
import { UsageError } from './usageError.ts';
import { followExports, isEnded, type Seen } from './watchRun.ts';

type StartFlags = StackOptions & {
  readonly json?: boolean;
  readonly again?: boolean;
  readonly fhir?: boolean;
};

const EXIT_CODES = `
Exit codes:
  0  every export completed, or is a duplicate of one sent before
  2  an export was rejected, or some of its records were refused
  1  anything else, also beside a 2: a connector that is blocked, records that failed, Ctrl-C, a wrong option`;

/** `npm start`: the whole job on one machine, from exports to a status report. */
export function addStartCommand(program: Command): void {
  addInspectOption(
    addStackOptions(program.command('start'), { seed: 'seed of the sample and of random faults' }),
  )
    .description(
      'Carry exports through the pipeline on this machine; without FILE, a sample of 250,000 records.',
    )
    .argument('[files...]', 'exports to carry')
    .option('--json', 'the last line of standard output is one JSON object (docs/commands.md)')
    .option('--again', 'send exports once more although the same content was sent before')
    .option('--fhir', 'take the records from the FHIR source instead of a file')
    .addHelpText('after', EXIT_CODES)
    .action(async (files: string[], flags: StartFlags, command: Command) => {
      process.exitCode = await start(files, flags, command);
    });
}

/**
 * Run the job and return the exit code; the stack is down again when this resolves, however it ended.
 *
 * @throws {BrokenOffError} for whatever it cannot go on after
 */
async function start(files: readonly string[], flags: StartFlags, command: Command): Promise<number> {
  const begun = performance.now();
  const exports: JobExport[] = files.map((file) => ({ name: path.basename(path.resolve(file)) }));
  const seen: Seen = new Map();
  let lock: RunLock | undefined;
  let stack: Stack | undefined;
  try {
    refuseSimulatorOptions(command, files.length === 0);
    if (flags.fhir && files.length > 0) {
      throw new UsageError(
        '--fhir takes its records from the FHIR source, not from files.',
        'Leave out the files, or --fhir.',
      );
    }
    const inputs = await readInputs(files);
    lock = await takeRunLock(flags.out);
    const interrupt = interruptSignal();
    const fhir = flags.fhir ? new FhirSource(flags) : undefined;
    stack = await startStack(flags, say, {}, fhir);
    await probeAtOnce(stack, flags.connector);
    const job = fhir ? fhir.job(stack) : await fileJob(stack, inputs, flags, say, interrupt, exports);
    const results = await runJob(job, seen, stack, flags, interrupt);
    const paths = await collectOutput(stack, flags.out);
    const { peakRssMb } = stack.functions;
    await stack.stop();
    tell(results, seen, paths, interrupt.aborted);
    if (flags.json) {
      const seconds = Math.round(performance.now() - begun) / 1000;
      const result: RunResult = { exports: results.exports, seconds, peakRssMb };
      sayJson(result);
    }
    return interrupt.aborted || results.stoppedBy ? 1 : exitCodeOf(results.exports);
  } catch (error) {
    throw new BrokenOffError(await brokenOffResults(exports, seen, stack, error, flags.out), error);
  } finally {
    await stack?.stop();
    await lock?.release();
  }
}

/** How far each export came; without what only a ledger out of reach would say. */
async function brokenOffResults(
  exports: readonly JobExport[],
  seen: Seen,
  stack: Stack | undefined,
  error: unknown,
  out: string,
): Promise<ExportResult[]> {
  const why = error instanceof PipelineError ? error.reason : { code: 'BROKEN_OFF', ...explain(error, out) };
  const known = await resultsOf(exports, seen, stack, why).catch(() => undefined);
  return known ?? resultsOf(exports, new Map(), undefined, why);
}

/** Whoever starts again after a blocked run has cured something: the probe need not wait for its time. */
async function probeAtOnce({ ledger, storage, settings }: Stack, connector: string): Promise<void> {
  const row = await ledger.connector(connector);
  if (row && row.circuit !== 'closed' && !row.paused)
    await resumeConnector(
      connector,
      operatorServices(storage, settings, () => undefined),
    );
}

type JobResults = { readonly exports: readonly ExportResult[]; readonly stoppedBy?: Reason };

/** Follow the job to its end; the functions are down when this resolves. */
async function runJob(
  job: Job,
  seen: Seen,
  stack: Stack,
  { connector }: StartFlags,
  interrupt: AbortSignal,
): Promise<JobResults> {
  const followed = job.exports.flatMap((each) => each.followed ?? []);
  const progress = createProgress(process.stdout, say);
  const stoppedBy = await Promise.race([
    followExports(followed, seen, connector, stack.ledger, progress, interrupt),
    stack.functions.failed,
  ]).finally(() => progress.stop());
  // Only now do they write what became of the requests in flight.
  await stack.functions.stop();
  await lookAgain(seen, connector, stack.ledger);
  const allEnded = job.exports.every(
    ({ refused, followed: one }) => refused || (one && isEnded(seen.get(one))),
  );
  if (allEnded) await job.finished();
  const exports = await resultsOf(job.exports, seen, stack, stoppedBy);
  return { exports, ...(stoppedBy ? { stoppedBy } : {}) };
}

function tell(
  { exports, stoppedBy }: JobResults,
  seen: Seen,
  paths: OutputPaths,
  interrupted: boolean,
): void {
  for (const { name, state, accepted } of exports) {
    if (state.startsWith('completed')) {
      say(
        `Upload successful: ${printable(name)}, ${accepted.toLocaleString('en-US', { useGrouping: false })} records saved`,
      );
    }
  }
  say(summaryTable(exports));
  for (const { name, reasons } of exports) for (const reason of reasons) say(printable(`${name}: ${reason}`));
  for (const words of earlierWords(seen)) say(printable(words));
  if (stoppedBy)
    say(
      `Stopped: ${printable(formatReason(stoppedBy))} The state is kept; the next start goes on from here.`,
    );
  if (interrupted) say('Interrupted. The state is kept; the same command goes on from here.');
  for (const file of paths.quarantine) say(printable(`Quarantine: ${file}`));
  say(`Status: ${paths.status.join(', ')}`);
}
