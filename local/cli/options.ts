import { type Command, InvalidArgumentError } from 'commander';
import { FAULT_GRAMMAR } from '../simulator/faultSpec.ts';
import { UsageError } from './usageError.ts';

/** What `npm start`, `npm run watch` and `npm run start:func` have in common. */
export type StackOptions = {
  readonly out: string;
  readonly connector: string;
  readonly connectorUrl?: string;
  readonly connectorToken?: string;
  readonly jobId?: string;
  readonly received?: string;
  readonly latency: number;
  readonly faults?: string;
  readonly seed: number;
  readonly chunkRecords?: number;
  readonly recordsPerRequest?: number;
  readonly concurrency?: number;
  readonly mapping?: string;
  /** Port on which a debugger can attach to the functions process. */
  readonly inspect?: number;
};

export const DEFAULT_OUT = '.local/out';
export const DEFAULT_CONNECTOR = 'healthcare';

/** Parser of a whole number of at least `least`, with an error that names the bound. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
    }
    return value;
  };
}

function connectorName(text: string): string {
  if (/^[\dA-Za-z][\dA-Za-z_-]{0,62}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected up to 63 letters, digits, "-" and "_".');
}

/**
 * Declare what the commands that bring up the stack share, and what it means.
 *
 * @param words what lies in `--out`, and what `--seed` is for, where it is not the same for all
 */
export function addStackOptions(
  command: Command,
  words: { readonly out?: string; readonly seed?: string } = {},
): Command {
  return command
    .option('--out <dir>', words.out ?? 'everything of the run lives here', DEFAULT_OUT)
    .option(
      '--connector <name>',
      'connector to push to: the folder in the exports container',
      connectorName,
      DEFAULT_CONNECTOR,
    )
    .option(
      '--connector-url <url>',
      'push to this connector instead of the simulator (plain http on loopback only)',
    )
    .option(
      '--connector-token <text>',
      'send this bearer token instead of asking for one (loopback only); the list of processes shows it: better set CONNECTOR_<NAME>_TOKEN',
    )
    .option('--job-id <id>', 'job id of the connector')
    .option('--received <dir>', 'the simulator writes every accepted body to DIR/<jobId>/<n>.txt')
    .option('--latency <ms>', 'the simulator takes this long for a request', wholeNumber(0), 0)
    .option('--faults <spec>', 'how the simulator misbehaves: FAULTS, below')
    .option('--seed <n>', words.seed ?? 'seed of random faults', wholeNumber(0), 42)
    .option('--chunk-records <n>', 'records per chunk; else setting CHUNK_RECORDS', wholeNumber(1))
    .option(
      '--records-per-request <n>',
      'records per request; else setting RECORDS_PER_REQUEST',
      wholeNumber(1),
    )
    .option(
      '--concurrency <n>',
      'most requests in flight at once; else setting MAX_IN_FLIGHT',
      wholeNumber(1),
    )
    .option('--mapping <file>', 'column mapping; else mappings/<connector>.json, if there is one')
    .addHelpText('after', `\n${FAULT_GRAMMAR}`);
}

/** Declare `--inspect`, for commands that start the functions process themselves. */
export function addInspectOption(command: Command): Command {
  return command.option('--inspect <port>', 'let a debugger attach to the functions process', wholeNumber(0));
}

/**
 * Refuse what the simulator alone would heed when there is none.
 *
 * @param command parsed
 * @param seedAlsoFor something other than the simulator goes by `--seed` in this run
 * @throws {UsageError} naming the options
 */
export function refuseSimulatorOptions(command: Command, seedAlsoFor = false): void {
  if (command.getOptionValue('connectorUrl') === undefined) return;
  const ofSimulator = ['received', 'latency', 'faults', ...(seedAlsoFor ? [] : ['seed'])];
  const given = ofSimulator.filter((name) => command.getOptionValueSource(name) === 'cli');
  if (given.length === 0) return;
  throw new UsageError(
    `--${given.join(', --')} would do nothing: the simulator does not run with --connector-url.`,
    'Leave out one or the other.',
  );
}
