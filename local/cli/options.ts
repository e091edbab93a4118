import { type Command, InvalidArgumentError } from 'commander';

/** What `npm start` and `npm run watch` have in common. */
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

/** Declare the options that `npm start` and `npm run watch` share. */
export function addStackOptions(command: Command): Command {
  return command
    .option('--out <dir>', 'everything of the run lives here', DEFAULT_OUT)
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
    .option('--connector-token <text>', 'send this bearer token instead of asking for one (loopback only)')
    .option('--job-id <id>', 'job id of the connector')
    .option('--received <dir>', 'the simulator writes every accepted body to DIR/<jobId>/<n>.txt')
    .option('--latency <ms>', 'the simulator takes this long for a request', wholeNumber(0), 0)
    .option('--faults <spec>', 'how the simulator misbehaves, e.g. 503:5%,429@10-20:retry-after=2')
    .option('--seed <n>', 'seed of the sample and of random faults', wholeNumber(0), 42)
    .option('--chunk-records <n>', 'records per chunk (queue message)', wholeNumber(1))
    .option('--records-per-request <n>', 'records per request to the connector', wholeNumber(1))
    .option('--concurrency <n>', 'most requests in flight at once', wholeNumber(1))
    .option('--mapping <file>', 'column mapping (see docs/validation.md)')
    .option('--inspect <port>', 'let a debugger attach to the functions process', wholeNumber(0));
}
