import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { formatReason, type Reason } from '../../shared/errors.ts';
import { FINAL_EXPORT_STATES, type ExportRow } from '../../shared/ledger/model.ts';
import { interruptSignal } from './interrupt.ts';
import { readInputs, type Input } from './inputs.ts';
import { addStackOptions, type StackOptions } from './options.ts';
import { collectOutput, type OutputPaths } from './output.ts';
import { createProgress } from './progress.ts';
import { takeRunLock } from './runLock.ts';
import { SAMPLE_RECORDS, writeExport } from './sample.ts';
import { startStack, type Stack } from './stack.ts';
import {
  exitCodeOf,
  printable,
  refusedResult,
  resultOf,
  summaryTable,
  unheardResult,
  type ExportResult,
  type RunResult,
} from './summary.ts';
import { Uploads } from './uploads.ts';
import { followExports, type Followed } from './watchRun.ts';

type StartFlags = StackOptions & {
  readonly json?: boolean;
  readonly again?: boolean;
  readonly fhir?: boolean;
};

/** `npm start`: the whole job on one machine, from exports to a status report. */
export function addStartCommand(program: Command): void {
  addStackOptions(program.command('start'))
    .description(
      'Carry exports through the pipeline on this machine; without FILE, a sample of 250,000 records.',
    )
    .argument('[files...]', 'exports to carry')
    .option('--json', 'print one JSON object on the last line of standard output')
    .option('--again', 'send exports once more although the same content was sent before')
    .option('--fhir', 'take the records from the FHIR source instead of a file')
    .action(async (files: string[], flags: StartFlags) => {
      process.exitCode = await start(files, flags);
    });
}

/** Run the job and return the exit code; the stack is down again when this resolves, however it ended. */
async function start(files: readonly string[], flags: StartFlags): Promise<number> {
  const begun = performance.now();
  const inputs = await readInputs(files);
  const lock = await takeRunLock(flags.out);
  const interrupt = interruptSignal();
  let stack: Stack | undefined;
  try {
    stack = await startStack(flags, say);
    const results = await runJob(stack, inputs, flags, interrupt);
    const peakRssMb = stack.functions.peakRssMb;
    const paths = await collectOutput(stack, flags.out);
    await stack.stop();
    tell(results, paths, interrupt.aborted);
    if (flags.json) {
      const result: RunResult = {
        exports: results.exports,
        seconds: (performance.now() - begun) / 1000,
        peakRssMb,
      };
      console.log(JSON.stringify(result));
    }
    return interrupt.aborted || results.stoppedBy ? 1 : exitCodeOf(results.exports);
  } finally {
    await stack?.stop();
    await lock.release();
  }
}

type JobResults = { readonly exports: readonly ExportResult[]; readonly stoppedBy?: Reason };

async function runJob(
  stack: Stack,
  inputs: readonly Input[],
  flags: StartFlags,
  interrupt: AbortSignal,
): Promise<JobResults> {
  const uploads = new Uploads(stack.connectionString, stack.ledger, flags.connector);
  const sample = inputs.length === 0 ? await sampleInput(flags) : undefined;
  const wanted = sample ? [sample] : inputs;
  const followed: Followed[] = [];
  for (const input of wanted.filter(({ refused }) => !refused)) {
    const { exportId, resumed } = await uploads.put(input, flags.again ?? sample !== undefined);
    followed.push({ name: input.name, exportId });
    say(
      `${printable(input.name)}: ${resumed ? 'an interrupted run goes on' : `uploaded, ${input.bytes.toLocaleString('en-US')} bytes`}.`,
    );
  }
  const progress = createProgress(process.stdout, say);
  const failure = stack.functions.failed;
  const outcome = await Promise.race([
    followExports(followed, flags.connector, stack.ledger, progress, interrupt),
    failure,
  ]).finally(() => progress.stop());
  if (sample && outcome.rows.every((row) => row && FINAL_EXPORT_STATES.has(row.state)))
    await rm(sample.file, { force: true });
  const extra = outcome.stoppedBy ? [outcome.stoppedBy] : [];
  const exports: ExportResult[] = [];
  for (const { name, refused } of wanted) {
    const row = outcome.rows[followed.findIndex((each) => each.name === name)];
    if (refused) exports.push(refusedResult(name, refused));
    else if (row) exports.push(resultOf(name, await withFigures(row, stack, flags.connector), extra));
    else exports.push(unheardResult(name, extra));
  }
  return { exports, ...(outcome.stoppedBy ? { stoppedBy: outcome.stoppedBy } : {}) };
}

/** A duplicate is told with the figures of the export that sent its content. */
async function withFigures(row: ExportRow, { ledger }: Stack, connector: string): Promise<ExportRow> {
  if (row.state !== 'duplicate' || row.duplicateOf === undefined) return row;
  const original = await ledger.export(connector, row.duplicateOf);
  if (!original) return row;
  const { records, accepted, quarantined, failed, possiblyDuplicated, chunks } = original.row;
  return { ...row, records, accepted, quarantined, failed, possiblyDuplicated, chunks };
}

/** The sample lies in the output folder until it has arrived, so that an interrupted run goes on with the same one. */
async function sampleInput({ out, seed }: StartFlags): Promise<Input> {
  const name = `sample-${String(seed)}.csv`;
  const file = path.join(out, name);
  const known = await stat(file).catch(() => undefined);
  if (known) return { file, name, bytes: known.size };
  say(`Generating a sample export of ${SAMPLE_RECORDS.toLocaleString('en-US')} records.`);
  return { file, name, bytes: await writeExport(file, { records: SAMPLE_RECORDS, seed }) };
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
  for (const { name, reasons } of exports) for (const reason of reasons) say(`${printable(name)}: ${reason}`);
  if (stoppedBy)
    say(`Stopped: ${formatReason(stoppedBy)} The state is kept; the next start goes on from here.`);
  if (interrupted) say('Interrupted. The state is kept; the same command goes on from here.');
  for (const file of paths.quarantine) say(`Quarantine: ${file}`);
  say(`Status: ${paths.status.join(', ')}`);
}

const say = (line: string): void => console.log(line);
