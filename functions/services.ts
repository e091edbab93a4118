import { type Config, readConfig } from '../shared/config/config.ts';
import type { FailServices } from '../shared/delivery/failChunk.ts';
import type { PushServices } from '../shared/delivery/services.ts';
import type { SweepServices } from '../shared/export/sweep.ts';
import type { Log } from '../shared/log.ts';
import type { DailyServices } from '../shared/report/dailyStatus.ts';
import type { Telemetry } from '../shared/telemetry/telemetry.ts';
import { invocationsEnded } from './invocation.ts';
import type { Storage } from '../shared/storage/azureStorage.ts';

/** Everything the functions of this process share, made once. */
export type Services = {
  readonly config: Config;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly storage: Storage;
  readonly split: SweepServices & FailServices;
  readonly push: PushServices;
  readonly report: DailyServices;
};

/** Read at load: a wrong setting keeps the app from starting, with every fault named. */
const config = readConfig(process.env);
const stopping = new AbortController();
let made: Promise<Services> | undefined;

/** The services, made at the first call. */
export const services = (): Promise<Services> => (made ??= loadServices());

/** The host ends the process 5 s after it said so; requests in flight get most of that. */
const SHUTDOWN_MS = 4_500;

/** The host is going away: no new request begins, those in flight get their answers, the ledger is written. */
export async function shutDown(): Promise<void> {
  stopping.abort();
  await invocationsEnded(SHUTDOWN_MS);
  const { push, storage, telemetry } = (await made) ?? {};
  await push?.close();
  await storage?.close();
  await telemetry?.close();
}

async function loadServices(): Promise<Services> {
  const { makeServices } = await import('./makeServices.ts');
  return makeServices(config, stopping.signal);
}
