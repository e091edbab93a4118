import { readConfig } from '../shared/config/config.ts';
import type { FailServices } from '../shared/delivery/failChunk.ts';
import type { PushServices } from '../shared/delivery/services.ts';
import type { SweepServices } from '../shared/export/sweep.ts';
import type { Log } from '../shared/log.ts';
import type { DailyServices } from '../shared/report/dailyStatus.ts';
import type { Telemetry } from '../shared/telemetry/telemetry.ts';
import type { Storage } from '../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../shared/storage/connection.ts';
import { mappingFaults } from './rules.ts';

/** Everything the functions of this process share, made once. */
export type Services = {
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly storage: Storage;
  readonly split: SweepServices & FailServices;
  readonly push: PushServices;
  readonly report: DailyServices;
};

/** Read at load, before a function registers: a wrong setting or mapping keeps the app from starting, with every fault named. */
export const config = readConfig(process.env, await mappingFaults(process.env));
const connection = readStorageConnection(process.env, 'ExportStorage');
const stopping = new AbortController();
let made: Promise<Services> | undefined;

/** The services, made at the first call. */
export const services = (): Promise<Services> => (made ??= loadServices());

/**
 * The host is going away, in 5 s: no new request begins, those in flight get most of that for their answers, the ledger is written.
 * What sends nothing is not waited for (splits, sweeps): whatever is cut off is taken up again from the ledger.
 */
export async function shutDown(): Promise<void> {
  stopping.abort();
  const { push, storage, telemetry } = (await made) ?? {};
  await push?.close();
  // Storage waits for what it reads: the telemetry must not stand behind it.
  await Promise.all([telemetry?.close(), storage?.close()]);
}

async function loadServices(): Promise<Services> {
  const { makeServices } = await import('./makeServices.ts');
  return makeServices(config, connection, stopping.signal);
}
