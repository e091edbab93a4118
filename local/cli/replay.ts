import type { Command } from 'commander';
import { OPERATIONS, operate, parseOperation } from '../../shared/delivery/operator.ts';
import { DEFAULT_SPLIT_SETTINGS } from '../../shared/export/services.ts';
import { QUEUES, TABLES } from '../../shared/ledger/model.ts';
import { loadConnectorRules } from '../../shared/schema/connector.ts';
import type { Storage } from '../../shared/storage/azureStorage.ts';
import { createLog } from '../../shared/telemetry/log.ts';
import { ACCOUNT_HELP, withAccount } from './account.ts';
import { note, say } from './console.ts';
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

/** `npm run replay`: send what failed or is held once more; pause, resume, cancel. */
export function addReplayCommand(program: Command): void {
  program
    .command('replay')
    .description(`Send what failed or is held once more. ${ACCOUNT_HELP}`)
    .requiredOption('--connector <name>', 'connector whose exports are meant')
    .option('--export <id>', 'only this export (the id that the status shows)')
    .option('--chunk <n>', 'only this chunk of it', wholeNumber(1))
    .option('--pause', 'instead: send nothing more to the connector until it is resumed')
    .option('--resume', 'instead: let a paused or blocked connector go on at once')
    .option('--cancel', 'instead: end the export; what was not accepted counts as failed')
    .option('--out <dir>', 'folder of local runs', DEFAULT_OUT)
    .action(async (flags: ReplayFlags) => {
      const { connector, export: exportId, chunk } = flags;
      const operation = parseOperation(
        {
          action: actionOf(flags),
          connector,
          ...(exportId === undefined ? {} : { export: exportId }),
          ...(chunk === undefined ? {} : { chunk }),
        },
        [connector],
      );
      const { done, refused } = await withAccount(flags.out, (storage) =>
        operate(operation, operatorServices(storage)),
      );
      say(done);
      for (const words of refused) note(words);
      if (refused.length > 0) process.exitCode = 1;
    });
}

function actionOf(flags: ReplayFlags): (typeof OPERATIONS)[number] {
  const asked = OPERATIONS.filter((name) => name !== 'replay' && flags[name] === true);
  if (asked.length > 1)
    throw new UsageError(`--${asked.join(' and --')} exclude each other.`, 'Give one of them.');
  return asked[0] ?? 'replay';
}

/** What an operator's requests are carried out with. */
export function operatorServices(storage: Storage): Parameters<typeof operate>[1] {
  const { exports, chunks, connectors, contents, marks } = TABLES;
  return {
    tables: {
      exports: storage.table(exports),
      chunks: storage.table(chunks),
      connectors: storage.table(connectors),
      contents: storage.table(contents),
      marks: storage.table(marks),
    },
    queue: storage.queue(QUEUES.chunks),
    blobs: storage.blobs,
    clock: storage.clock,
    settings: DEFAULT_SPLIT_SETTINGS,
    rulesOf: (connector) => loadConnectorRules(connector, 'mappings'),
    log: createLog(() => undefined, false),
  };
}
