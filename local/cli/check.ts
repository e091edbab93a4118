import { SingleBar } from 'cli-progress';
import { Option, type Command } from 'commander';
import { rulesSettings } from '../../functions/rules.ts';
import { splitSettingsOf } from '../../functions/splitSettings.ts';
import type { ExportRules } from '../../shared/schema/connector.ts';
import { checkExport, rejected, type CheckLimits, type CheckResult } from './checkExport.ts';
import { checkReport, estimateSeconds } from './checkReport.ts';
import { requireRules } from './connectorRules.ts';
import { note, printable, say, sayJson } from './console.ts';
import { readEnvironment } from './environment.ts';
import { initMapping } from './initMapping.ts';
import { readInputs, type Input } from './inputs.ts';
import { DEFAULT_CONNECTOR, wholeNumber } from './options.ts';
import { UsageError } from './usageError.ts';

type CheckFlags = {
  connector: string;
  mapping?: string;
  recordsPerRequest?: number;
  json?: boolean;
  init?: boolean;
  print?: boolean;
  overwrite?: boolean;
};

const MAPPINGS = 'mappings';
const EXIT_CODES = `
Exit codes:
  0  all of it can be sent
  2  an export cannot be sent, or some of its records; with --init: a mandatory field has no column yet
  1  anything else: a file that is not there, a mapping or a setting that cannot be used, a wrong option`;
/** Between two steps of the progress shown where there is no terminal. */
const LINE_EVERY_BYTES = 512 * 1024 * 1024;

/** `npm run check`: judge exports without sending anything. */
export function addCheckCommand(program: Command): void {
  program
    .command('check')
    .description('Judge exports as the pipeline would, without sending anything. Needs no network.')
    .argument('<files...>', 'exports to judge')
    .option('--connector <name>', 'connector they are meant for', DEFAULT_CONNECTOR)
    .option('--mapping <file>', 'column mapping; else mappings/<connector>.json, if there is one')
    .option(
      '--records-per-request <n>',
      'records per request, for the estimate; else setting RECORDS_PER_REQUEST',
      wholeNumber(1),
    )
    .option('--json', 'the last line of standard output is one JSON object (docs/commands.md)')
    .option(
      '--init',
      'propose a mapping from the first lines of a sample, and write mappings/<connector>.json',
    )
    .addOption(
      new Option('--print', 'with --init: show the proposal, and write nothing').conflicts('overwrite'),
    )
    .option('--overwrite', 'with --init: replace the mapping file that is there')
    .addHelpText('after', EXIT_CODES)
    .action(async (files: string[], flags: CheckFlags) => {
      const { connector, init, print, overwrite } = flags;
      if (!init && (print || overwrite))
        throw new UsageError(
          `--${print ? 'print' : 'overwrite'} goes with --init.`,
          'Add --init, or leave it out.',
        );
      const inputs = await readInputs(files);
      if (init)
        process.exitCode = await initMapping(
          inputs,
          { ...flags, schema: rulesSettings(connector, process.env).schema },
          MAPPINGS,
        );
      else process.exitCode = await checkAll(inputs, flags);
    });
}

async function checkAll(inputs: readonly Input[], flags: CheckFlags): Promise<number> {
  const began = performance.now();
  const rules = await requireRules(flags.connector, flags.mapping);
  const settings = splitSettingsOf(readEnvironment());
  const limits = { ...settings, recordsPerRequest: flags.recordsPerRequest ?? settings.recordsPerRequest };
  const results: CheckResult[] = [];
  for (const input of inputs) {
    const result = input.refused
      ? rejected(input.name, [input.refused])
      : await checkOne(input, rules, limits);
    results.push(result);
    if (!flags.json) say(checkReport(result));
  }
  if (flags.json) {
    const exports = results.map((result) => ({
      ...result,
      estimatedSeconds: estimateSeconds(result.requests),
    }));
    sayJson({ exports, seconds: Math.round(performance.now() - began) / 1000 });
  }
  return results.every(({ state }) => state === 'completed') ? 0 : 2;
}

async function checkOne(
  { file, name, bytes }: Input,
  rules: ExportRules,
  limits: CheckLimits,
): Promise<CheckResult> {
  const progress = process.stderr.isTTY ? barOf(printable(name), bytes) : linesOf(printable(name), bytes);
  try {
    return await checkExport(file, name, {
      rules,
      limits,
      arrivedAt: Date.now(),
      onProgress: (more) => progress.add(more),
    });
  } finally {
    progress.stop();
  }
}

type Progress = { add(bytes: number): void; stop(): void };

function barOf(name: string, bytes: number): Progress {
  const bar = new SingleBar({
    format: '{name} {bar} {percentage}% | {eta} s',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 28,
    clearOnComplete: true,
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(Math.max(1, bytes), 0, { name });
  return { add: (more) => bar.increment(more), stop: () => bar.stop() };
}

/** A line now and then on standard error, so that standard output holds results alone. */
function linesOf(name: string, bytes: number): Progress {
  let read = 0;
  const add = (more: number): void => {
    const steps = Math.floor(read / LINE_EVERY_BYTES);
    read += more;
    if (Math.floor(read / LINE_EVERY_BYTES) > steps && read < bytes)
      note(`${name}: ${Math.floor((100 * read) / bytes)} % read`);
  };
  return { add, stop: () => {} };
}
