import { randomUUID } from 'node:crypto';
import { connectConnector } from '../shared/connector/connect.ts';
import { systemClock } from '../shared/clock.ts';
import { type Config, readConfig } from '../shared/config/config.ts';
import { pushServices, type PushServices } from '../shared/delivery/services.ts';
import { DEFAULT_PUSH_SETTINGS } from '../shared/delivery/settings.ts';
import { planExport } from '../shared/export/plan.ts';
import { DEFAULT_SPLIT_SETTINGS } from '../shared/export/services.ts';
import { DEFAULT_POISON_SETTINGS, type FailServices } from '../shared/delivery/failChunk.ts';
import { QUEUES, TABLES } from '../shared/ledger/model.ts';
import { DEFAULT_SWEEP_SETTINGS, type SweepServices } from '../shared/ledger/sweep.ts';
import type { Log } from '../shared/log.ts';
import type { DailyServices } from '../shared/report/dailyStatus.ts';
import { openStorage, type Storage } from '../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../shared/storage/connection.ts';
import { rulesReader } from './rules.ts';
import { invocationLog } from './invocation.ts';

/** Everything the functions of this process share, made once. */
export type Services = {
  readonly config: Config;
  readonly log: Log;
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
export const services = (): Promise<Services> => (made ??= makeServices());

/** The host is going away: nothing new begins; what is under way is written down. */
export async function shutDown(): Promise<void> {
  stopping.abort();
  const { push, storage } = (await made) ?? {};
  await push?.close();
  await storage?.close();
}

async function makeServices(): Promise<Services> {
  const log = invocationLog(config.report.hashBlobNames);
  const storage = await openStorage(readStorageConnection(process.env, 'ExportStorage'), {
    clock: systemClock,
    random: Math.random,
  });
  const tables = {
    exports: storage.table(TABLES.exports),
    chunks: storage.table(TABLES.chunks),
    connectors: storage.table(TABLES.connectors),
    contents: storage.table(TABLES.contents),
    marks: storage.table(TABLES.marks),
  };
  const { blobs, clock } = storage;
  const queue = storage.queue(QUEUES.chunks);
  const shared = { tables, blobs, queue, clock, log };
  const split: Services['split'] = {
    ...shared,
    settings: {
      ...DEFAULT_SPLIT_SETTINGS,
      ...config.export,
      recordsPerRequest: config.delivery.recordsPerRequest,
      maxBodyBytes: config.delivery.maxBodyBytes,
      splitClaimMs: config.delivery.claimMs,
    },
    newOwner: () => randomUUID().replaceAll('-', ''),
    rulesOf: rulesReader(config.connectors),
    planExport,
    sweep: { ...DEFAULT_SWEEP_SETTINGS, graceMs: config.sweep.graceMs },
    poison: DEFAULT_POISON_SETTINGS,
  };
  const push = pushServices({
    ...shared,
    random: Math.random,
    settings: { ...DEFAULT_PUSH_SETTINGS, ...config.delivery },
    instance: randomUUID().replaceAll('-', ''),
    stopping: stopping.signal,
    clientOf(connector) {
      const found = config.connectors.find(({ name }) => name === connector);
      if (!found) throw new Error(`Connector ${connector} is not among CONNECTORS.`);
      return connectConnector(found, clock, config.delivery.requestDeadlineMs);
    },
  });
  return { config, log, storage, split, push, report: reportServices(shared) };
}

function reportServices({
  tables,
  blobs,
  clock,
  log,
}: Pick<PushServices, 'blobs' | 'clock' | 'log'> & Pick<DailyServices, 'tables'>): DailyServices {
  const { timeZone, expectedBy, hashBlobNames, hour } = config.report;
  const connectors = config.connectors.map(({ name }) => name);
  const settings = {
    connectors,
    timeZone,
    hashBlobNames,
    ...(expectedBy === undefined ? {} : { expectedBy }),
  };
  return { tables, blobs, clock, log, settings, reportHour: hour };
}
