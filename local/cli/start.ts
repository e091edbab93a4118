import type { Command } from 'commander';
import { formatReason, type Reason } from '../../shared/errors.ts';
import { FINAL_EXPORT_STATES } from '../../shared/ledger/model.ts';
import { explained } from './duplicates.ts';
import { printable, say, sayJson } from './console.ts';
import { interruptSignal } from './interrupt.ts';
import { readInputs } from './inputs.ts';
import { fileJob, FhirSource, type Job } from './job.ts';
import { resumeConnector } from '../../shared/delivery/control.ts';
import { operatorServices } from './operator.ts';
import { addInspectOption, addStackOptions, refuseSimulatorOptions, type StackOptions } from './options.ts';
import { collectOutput, type OutputPaths } from './output.ts';
import { createProgress } from './progress.ts';
import { takeRunLock } from './runLock.ts';
import { startStack, type Stack } from './stack.ts';
import {
  exitCodeOf,
  refusedResult,
  resultOf,
  summaryTable,
  unheardResult,
  type ExportResult,
  type RunResult,
} from './summary.ts';
import { UsageError } from './usageError.ts';
import { followExports } from './watchRun.ts';

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
      refuseSimulatorOptions(command, files.length === 0);
      process.exitCode = await start(files, flags);
    });
}

/** Run the job and return the exit code; the stack is down again when this resolves, however it ended. */
async function start(files: readonly string[], flags: StartFlags): Promise<number> {
  const begun = performance.now();
  if (flags.fhir && files.length > 0) {
    throw new UsageError(
      '--fhir takes its records from the FHIR source, not from files.',
      'Leave out the files, or --fhir.',
    );
  }
  const inputs = await readInputs(files);
  const lock = await takeRunLock(flags.out);
  const interrupt = interruptSignal();
  let stack: Stack | undefined;
  try {
    const fhir = flags.fhir ? new FhirSource(flags) : undefined;
    stack = await startStack(flags, say, {}, fhir);
    await probeAtOnce(stack, flags.connector);
    const job = fhir ? fhir.job(stack) : await fileJob(stack, inputs, flags, say, interrupt);
    const results = await runJob(job, stack, flags, interrupt);
    const peakRssMb = stack.functions.peakRssMb;
    const paths = await collectOutput(stack, flags.out);
    await stack.stop();
    tell(results, paths, interrupt.aborted);
    if (flags.json) {
      const result: RunResult = {
        exports: results.exports,
        seconds: Math.round(performance.now() - begun) / 1000,
        peakRssMb,
      };
      sayJson(result);
    }
    return interrupt.aborted || results.stoppedBy ? 1 : exitCodeOf(results.exports);
  } finally {
    await stack?.stop();
    await lock.release();
  }
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

async function runJob(
  job: Job,
  stack: Stack,
  { connector }: StartFlags,
  interrupt: AbortSignal,
): Promise<JobResults> {
  const followed = job.exports.flatMap((each) => each.followed ?? []);
  const progress = createProgress(process.stdout, say);
  const { rows, stoppedBy } = await Promise.race([
    followExports(followed, connector, stack.ledger, progress, interrupt),
    stack.functions.failed,
  ]).finally(() => progress.stop());
  const allUploaded = job.exports.every(({ refused, followed: one }) => refused || one);
  if (allUploaded && rows.every((row) => row && FINAL_EXPORT_STATES.has(row.state))) await job.finished();
  const extra = stoppedBy ? [stoppedBy] : [];
  const exports: ExportResult[] = [];
  for (const { name, refused, followed: one } of job.exports) {
    const row = one && rows[followed.indexOf(one)];
    if (refused) exports.push(refusedResult(name, refused));
    else if (row) exports.push(resultOf(name, await explained(row, stack), extra));
    else exports.push(unheardResult(name, one ? 'uploaded' : 'notUploaded', extra));
  }
  return { exports, ...(stoppedBy ? { stoppedBy } : {}) };
}

function tell({ exports, stoppedBy }: JobResults, paths: OutputPaths, interrupted: boolean): void {
  for (const { name, state, accepted } of exports) {
    if (state.startsWith('completed')) {
      say(
        `Upload successful: ${printable(name)}, ${accepted.toLocaleString('en-US', { useGrouping: false })} records saved`,
      );
    }
  }
  say(summaryTable(exports));
  for (const { name, reasons } of exports) for (const reason of reasons) say(printable(`${name}: ${reason}`));
  if (stoppedBy)
    say(
      `Stopped: ${printable(formatReason(stoppedBy))} The state is kept; the next start goes on from here.`,
    );
  if (interrupted) say('Interrupted. The state is kept; the same command goes on from here.');
  for (const file of paths.quarantine) say(printable(`Quarantine: ${file}`));
  say(`Status: ${paths.status.join(', ')}`);
}
