import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ensureBuilt, HOST_PROGRAM, ROOT } from '../build/build.ts';
import { startFunctions, type Functions, type FunctionsOptions } from '../host/supervisor.ts';
import { startSimulator } from '../simulator/simulator.ts';
import type { Simulator } from '../simulator/types.ts';
import { startEmulator } from '../storage/azurite.ts';
import { systemClock } from '../../shared/clock.ts';
import { CONTAINERS, QUEUES, TABLES } from '../../shared/ledger/model.ts';
import { openStorage, type Storage } from '../../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../../shared/storage/connection.ts';
import { appSettingsFor } from './appSettings.ts';
import { requireRules } from './connectorRules.ts';
import { LedgerView } from './ledgerView.ts';
import type { StackOptions } from './options.ts';
import { UsageError } from './usageError.ts';

/** Everything that runs for a local job: storage emulator, connector simulator, functions. */
export type Stack = {
  readonly connectionString: string;
  readonly storage: Storage;
  readonly ledger: LedgerView;
  readonly functions: Functions;
  /** Undefined when records go to another connector. */
  readonly simulator?: Simulator;
  /** Settings the functions run with. */
  readonly settings: Readonly<Record<string, string>>;
  /** Functions first, so that they can write what they know; storage last. Calling it again is fine. */
  stop(): Promise<void>;
};

/** How the stack is reached by those who look in from outside; absent: on free ports, storage with a key of this run. */
export type StackAccess = {
  readonly blobPort?: number;
  readonly queuePort?: number;
  readonly tablePort?: number;
  /** Of the functions' HTTP server. */
  readonly functionsPort?: number;
  /** Storage takes the emulator's published key, which Storage Explorer and the like know. */
  readonly publishedKey?: boolean;
};

/** A message whose receiver died comes back after this; ten minutes in Azure. */
const INVISIBILITY_MS = 30_000;

/** Something beside the exports container that records come from. */
export type Source = {
  /** @returns app settings that the functions need for it */
  start(connectionString: string, say: (line: string) => void): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
};

/**
 * Bring up what a local job needs, on free loopback ports unless `access` says otherwise.
 * What was started is stopped again when a later part fails.
 *
 * @param say gets one line for each part that came up
 * @param source brought up before the functions
 */
export async function startStack(
  options: StackOptions,
  say: (line: string) => void,
  access: StackAccess = {},
  source?: Source,
): Promise<Stack> {
  await requireRules(options.connector, options.mapping);
  const parts: Part[] = [];
  const stop = async (): Promise<void> => {
    for (let part = parts.pop(); part; part = parts.pop()) await part.stop();
  };
  try {
    const { functionsPort, ...storageAccess } = access;
    const emulator = await startEmulator({ folder: path.join(options.out, 'storage'), ...storageAccess });
    parts.push(emulator);
    const simulator = options.connectorUrl === undefined ? await simulatorFor(options) : undefined;
    if (simulator) parts.push({ stop: () => simulator.close() });
    const { connectionString } = emulator;
    const storage = await openLocal(connectionString);
    parts.push({ stop: () => storage.close() });
    if (source) parts.push(source);
    const sourceSettings = await source?.start(connectionString, say);
    const settings = { ...appSettingsFor(options, connectionString, simulator), ...sourceSettings };
    await ensureBuilt();
    const logFile = path.join(options.out, 'logs', 'functions.log');
    const functions = await startFunctions({
      appFolder: ROOT,
      entry: HOST_PROGRAM,
      settings,
      times: { invisibilityMs: INVISIBILITY_MS },
      logFile,
      ...(options.inspect === undefined ? {} : { execArgv: [`--inspect=127.0.0.1:${options.inspect}`] }),
      onRestart: () => say('The functions process ended; it is started again.'),
      onInvocation: failureTeller(logFile, say),
      ...(functionsPort === undefined ? {} : { port: functionsPort }),
    });
    parts.push(functions);
    say(`Storage, connector and functions (process ${functions.pid}) are up.`);
    const ledger = new LedgerView({
      exports: storage.table(TABLES.exports),
      chunks: storage.table(TABLES.chunks),
      connectors: storage.table(TABLES.connectors),
    });
    return {
      connectionString,
      storage,
      ledger,
      functions,
      ...(simulator ? { simulator } : {}),
      settings,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Tells of the first failure of each function; what follows stands in the log. */
function failureTeller(
  logFile: string,
  say: (line: string) => void,
): NonNullable<FunctionsOptions['onInvocation']> {
  const told = new Set<string>();
  return (event, functionName) => {
    if (event !== 'failed' || told.has(functionName)) return;
    told.add(functionName);
    say(`The function ${functionName} failed and is tried again; ${logFile} says why.`);
  };
}

type Part = { stop(): Promise<void> };

/** The emulator's account with everything in it that a template makes in Azure. */
export async function openLocal(connectionString: string): Promise<Storage> {
  const connection = readStorageConnection({ ExportStorage: connectionString }, 'ExportStorage');
  const storage = await openStorage(connection, { clock: systemClock, random: Math.random });
  await storage.create({
    tables: Object.values(TABLES),
    containers: Object.values(CONTAINERS),
    queues: Object.values(QUEUES),
  });
  return storage;
}

/** The connector simulator, as the options say. */
export async function simulatorFor(options: StackOptions): Promise<Simulator> {
  const { latency, seed, faults, received, jobId, connectorToken } = options;
  if (received !== undefined) await makeReceived(received);
  return startSimulator({
    latencyMs: latency,
    seed,
    ...(faults === undefined ? {} : { faults }),
    ...(received === undefined ? {} : { receivedFolder: received }),
    ...(jobId === undefined ? {} : { jobs: [{ jobId }] }),
    ...(connectorToken === undefined ? {} : { token: connectorToken }),
  });
}

async function makeReceived(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `The folder ${folder} for received bodies cannot be made (${error.code ?? error.name}).`,
      'Name a folder you can write to with --received DIR.',
      { cause: error },
    );
  });
}
