import { InvalidArgumentError, type Command } from 'commander';
import { ALL_EXPORTS, OPERATIONS, parseOperation, type Operation } from '../../shared/delivery/operator.ts';
import { ACCOUNT_HELP, withAccount } from './account.ts';
import { note, say } from './console.ts';
import { carryOut } from './operator.ts';
import { DEFAULT_OUT, wholeNumber } from './options.ts';
import { UsageError } from './usageError.ts';

type ReplayFlags = {
  readonly connector: string;
  readonly export?: string;
  readonly chunk?: number;
  readonly out: string;
  readonly pause?: boolean;
  readonly resume?: boolean;
  readonly cancel?: boolean;
};

const SETTINGS_HELP = `
Goes by the settings of the app: put those that are not the default into the environment (PIN, CONNECTORS,
CONNECTOR_<NAME>_MAPPING …).`;

/** `npm run replay`: send what failed or is held once more; pause, resume, cancel. */
export function addReplayCommand(program: Command): void {
  program
    .command('replay')
    .description(`Send what failed or is held once more. ${ACCOUNT_HELP}`)
    .requiredOption('--connector <name>', 'connector whose exports are meant')
    .option(
      '--export <id>',
      'only this export (the id that the status shows); with --cancel also "all"',
      asExportId,
    )
    .option('--chunk <n>', 'only this chunk of it', wholeNumber(1))
    .option('--pause', 'instead: send nothing more to the connector until it is resumed')
    .option('--resume', 'instead: let a paused or blocked connector go on at once')
    .option('--cancel', 'instead: end the export, or all; what was not accepted counts as failed')
    .option('--out <dir>', 'folder of local runs', DEFAULT_OUT)
    .addHelpText('after', SETTINGS_HELP)
    .action(async (flags: ReplayFlags) => {
      const operation = operationOf(flags);
      const { done, refused } = await withAccount(flags.out, (storage) => carryOut(operation, storage));
      say(done);
      for (const words of refused) note(words);
      if (refused.length > 0) process.exitCode = 1;
    });
}

function asExportId(text: string): string {
  if (text !== ALL_EXPORTS && !/^[\da-f]{32}$/u.test(text)) {
    throw new InvalidArgumentError('Expected an export id of 32 hex digits, as the status shows it.');
  }
  return text;
}

/** @throws {UsageError} naming the option that is missing or too many */
function operationOf(flags: ReplayFlags): Operation {
  const { connector, export: exportId, chunk } = flags;
  const action = actionOf(flags);
  if (exportId === undefined && (action === 'cancel' || chunk !== undefined)) {
    throw new UsageError(
      `--${action === 'cancel' ? 'cancel' : 'chunk'} needs --export ID.`,
      `The status shows the id of each export${action === 'cancel' ? '; --export all ends all of the connector' : ''}.`,
    );
  }
  if (exportId === ALL_EXPORTS && action !== 'cancel') {
    throw new UsageError('--export all goes with --cancel only.', 'Leave out --export: that means all.');
  }
  if (action === 'cancel' && chunk !== undefined) {
    throw new UsageError('--cancel ends an export as a whole.', 'Leave out --chunk.');
  }
  if ((action === 'pause' || action === 'resume') && exportId !== undefined) {
    throw new UsageError(`--${action} is about all exports of the connector.`, 'Leave out --export.');
  }
  const parts = { action, connector, export: exportId, chunk };
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return parseOperation(Object.fromEntries(given), [connector]);
}

function actionOf(flags: ReplayFlags): (typeof OPERATIONS)[number] {
  const asked = OPERATIONS.filter((name) => name !== 'replay' && flags[name] === true);
  if (asked.length > 1)
    throw new UsageError(`--${asked.join(' and --')} exclude each other.`, 'Give one of them.');
  return asked[0] ?? 'replay';
}
