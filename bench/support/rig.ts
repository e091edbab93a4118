import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CONTAINERS, FINAL_EXPORT_STATES, TABLES, type ExportRow } from '../../shared/ledger/model.ts';
import type { Storage } from '../../shared/storage/azureStorage.ts';
import { ensureBuilt, HOST_PROGRAM, ROOT } from '../../local/build/build.ts';
import { appSettingsFor } from '../../local/cli/appSettings.ts';
import { LedgerView } from '../../local/cli/ledgerView.ts';
import { DEFAULT_CONNECTOR } from '../../local/cli/options.ts';
import { openLocal } from '../../local/cli/stack.ts';
import { Uploads } from '../../local/cli/uploads.ts';
import { startFunctions, type Functions } from '../../local/host/supervisor.ts';
import { spawnSimulator } from '../../local/simulator/spawn.ts';
import type { Simulator } from '../../local/simulator/types.ts';
import { startEmulator } from '../../local/storage/azurite.ts';
import type { ExportFile } from './exportFile.ts';
import { WORK_FOLDER } from './exportFile.ts';
import { cpuSecondsOf } from './processes.ts';

/** A bearer token that the simulator takes as it is, so that a reference needs no authority. */
export const TOKEN = 'bench-token';
const POLL_MS = 50;

export type RigOptions = {
  /** What the simulated connector takes for a request, ms. */
  readonly latencyMs?: number;
  /** Functions processes at the same storage. Default 1. */
  readonly instances?: number;
  /** Node's flags for them. */
  readonly execArgv?: readonly string[];
  /** App settings over the local defaults. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** One export carried from its arrival to its end. */
export type Job = {
  /** From the first word in the ledger to the final state. */
  readonly seconds: number;
  readonly records: number;
  readonly bytes: number;
  readonly requests: number;
  /** CPU time of the functions processes meanwhile; absent where the system does not tell. */
  readonly cpuSeconds?: number;
  /** Highest resident memory of any functions process so far, MiB. */
  readonly peakRssMb: number;
};

/** Storage emulator, simulated connector and functions, each in a process of its own. */
export type Rig = {
  readonly connectionString: string;
  readonly storage: Storage;
  readonly simulator: Simulator;
  /** Put a file where an EHR system would, and see it through. @throws {Error} when it does not end as completed */
  carry(file: ExportFile): Promise<Job>;
};

/** Bring a rig up, use it, take it down, however it ends. */
export async function withRig<T>(options: RigOptions, work: (rig: Rig) => Promise<T>): Promise<T> {
  await mkdir(WORK_FOLDER, { recursive: true });
  const folder = await mkdtemp(path.join(WORK_FOLDER, 'run-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const emulator = await startEmulator({ folder: path.join(folder, 'storage') });
    stops.push(() => emulator.stop());
    const simulator = await spawnSimulator({ latencyMs: options.latencyMs ?? 0, token: TOKEN });
    stops.push(() => simulator.close());
    const { connectionString } = emulator;
    const storage = await openLocal(connectionString);
    stops.push(() => storage.close());
    const functions = await startInstances(options, connectionString, simulator, folder);
    stops.push(() => Promise.all(functions.map((each) => each.stop())));
    const carry = carrier(connectionString, storage, functions);
    return await work({ connectionString, storage, simulator, carry });
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

async function startInstances(
  { instances = 1, execArgv = [], settings = {} }: RigOptions,
  connectionString: string,
  simulator: Simulator,
  folder: string,
): Promise<Functions[]> {
  await ensureBuilt();
  const stackOptions = { out: folder, connector: DEFAULT_CONNECTOR, latency: 0, seed: 42 };
  const all = { ...appSettingsFor(stackOptions, connectionString, simulator, {}), ...settings };
  return Promise.all(
    Array.from({ length: instances }, (_, instance) =>
      startFunctions({
        appFolder: ROOT,
        entry: HOST_PROGRAM,
        settings: all,
        times: { invisibilityMs: 30_000 },
        instance,
        execArgv,
        logFile: path.join(folder, 'logs', `functions-${String(instance)}.log`),
      }),
    ),
  );
}

function carrier(connectionString: string, storage: Storage, functions: readonly Functions[]): Rig['carry'] {
  const ledger = new LedgerView({
    exports: storage.table(TABLES.exports),
    chunks: storage.table(TABLES.chunks),
    connectors: storage.table(TABLES.connectors),
  });
  const uploads = new Uploads(connectionString, ledger, DEFAULT_CONNECTOR);
  let carried = 0;
  const cpu = (): number | undefined => {
    const each = functions.map(({ pid }) => cpuSecondsOf(pid));
    return each.includes(undefined) ? undefined : each.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  };
  return async ({ file, bytes }) => {
    const before = cpu();
    const name = `${String(++carried)}-${path.basename(file)}`;
    const { exportId, blobName } = await uploads.put({ file, name, bytes }, true);
    const row = await ended(ledger, exportId);
    if (!row.state.startsWith('completed')) {
      throw new Error(`The export ended as ${row.state}: ${row.reasons.map(({ code }) => code).join(', ')}`);
    }
    const after = cpu();
    await storage.blobs.remove({ container: CONTAINERS.exports, name: blobName });
    return {
      seconds: (Date.parse(row.finishedAt ?? '') - Date.parse(row.receivedAt)) / 1000,
      records: row.records,
      bytes,
      requests: row.requests,
      ...(before === undefined || after === undefined ? {} : { cpuSeconds: after - before }),
      peakRssMb: Math.max(...functions.map(({ peakRssMb }) => peakRssMb)),
    };
  };
}

async function ended(ledger: LedgerView, exportId: string): Promise<ExportRow> {
  for (;;) {
    // The row alone: what a look costs is taken from the measured job.
    const row = await ledger.exportRow(DEFAULT_CONNECTOR, exportId);
    if (row && FINAL_EXPORT_STATES.has(row.state) && !row.pinned) return row;
    await delay(POLL_MS);
  }
}
