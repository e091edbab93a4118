import { randomUUID } from 'node:crypto';
import { splitSettingsOf } from '../../functions/splitSettings.ts';
import type { Environment } from '../../shared/config/config.ts';
import type { ControlServices } from '../../shared/delivery/control.ts';
import { operate, type Operated, type Operation } from '../../shared/delivery/operator.ts';
import type { ReplayServices } from '../../shared/delivery/replay.ts';
import { QUEUES, TABLES } from '../../shared/ledger/model.ts';
import type { Storage } from '../../shared/storage/azureStorage.ts';
import { createLog, type LogSink } from '../../shared/telemetry/log.ts';
import { requireRules } from './connectorRules.ts';
import { note, printable } from './console.ts';
import { readEnvironment } from './environment.ts';
import { LedgerView } from './ledgerView.ts';
import { UsageError } from './usageError.ts';

/** The part of an account that an operator's request needs. */
export type OperatorStorage = Pick<Storage, 'blobs' | 'clock' | 'table' | 'queue'>;

/**
 * What an operator's requests are carried out with, by the app's settings as far as the environment has them.
 *
 * @param sink gets what the app would log
 * @throws {UsageError} naming each setting that is wrong
 */
export function operatorServices(
  storage: OperatorStorage,
  env: Environment,
  sink: LogSink,
): ReplayServices & ControlServices {
  const { exports, chunks, connectors, contents, marks } = TABLES;
  const settings = readEnvironment(env);
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
    settings: splitSettingsOf(settings),
    newOwner: () => randomUUID().replaceAll('-', ''),
    rulesOf: (connector) => requireRules(connector, undefined, env),
    log: createLog(sink, settings.report.hashBlobNames),
  };
}

/**
 * Do what an operator asks for on the command line. What the app would log goes to standard error.
 *
 * @throws {UsageError} for a connector that nobody knows, and for settings or a mapping that cannot be used; nothing was changed then
 */
export async function carryOut(
  operation: Operation,
  storage: OperatorStorage,
  env: Environment = process.env,
): Promise<Operated> {
  const services = operatorServices(storage, env, (_level, line) => note(line));
  await requireConnector(operation.connector, new LedgerView(services.tables), env);
  // Found out now, and not when the export is open and its content is to be pinned again.
  if (operation.action === 'replay') await services.rulesOf(operation.connector);
  return operate(operation, services);
}

/** @throws {UsageError} unless the app's settings or the ledger know the connector: a name misspelt would seem paused */
async function requireConnector(connector: string, ledger: LedgerView, env: Environment): Promise<void> {
  const { connectors = [] } = readEnvironment(env);
  if (connectors.includes(connector) || (await ledger.knows(connector))) return;
  const names = new Set([...connectors, ...(await ledger.connectors())]);
  const known = names.size === 0 ? 'there is none yet' : `there are: ${[...names].toSorted().join(', ')}`;
  throw new UsageError(
    `There is no connector "${printable(connector)}" in this ledger; ${printable(known)}.`,
    'Name one of these; one to which no export came yet must stand in CONNECTORS, as in the settings of the app.',
  );
}
