import { randomUUID } from 'node:crypto';
import { connectConnector } from '../shared/connector/connect.ts';
import { systemClock } from '../shared/clock.ts';
import type { Config } from '../shared/config/config.ts';
import { namedClient } from '../shared/config/namedClient.ts';
import { pushServices, type PushServices } from '../shared/delivery/services.ts';
import { DEFAULT_PUSH_SETTINGS } from '../shared/delivery/settings.ts';
import { planExport } from '../shared/export/plan.ts';
import { DEFAULT_POISON_SETTINGS } from '../shared/delivery/failChunk.ts';
import { QUEUES, TABLES } from '../shared/ledger/model.ts';
import { DEFAULT_SWEEP_SETTINGS } from '../shared/export/sweep.ts';
import type { DailyServices } from '../shared/report/dailyStatus.ts';
import { openStorage } from '../shared/storage/azureStorage.ts';
import type { StorageConnection } from '../shared/storage/connection.ts';
import { observedClient } from '../shared/telemetry/observedClient.ts';
import { openTelemetry } from '../shared/telemetry/openTelemetry.ts';
import { rulesReader } from './rules.ts';
import { invocationLog } from './invocation.ts';
import type { Services } from './services.ts';
import { splitSettingsOf } from './splitSettings.ts';

/**
 * Open storage and connectors as the settings say.
 * In a file of its own that is loaded at the first call: what it imports is most of the app, and a start does without.
 * @param stopping aborted when the host goes away
 */
export async function makeServices(
  config: Config,
  connection: StorageConnection,
  stopping: AbortSignal,
): Promise<Services> {
  const { connectionString, authentication } = config.telemetry;
  const telemetry = await openTelemetry({
    hashBlobNames: config.report.hashBlobNames,
    ...(connectionString ? { connectionString: connectionString.reveal() } : {}),
    ...(authentication === undefined ? {} : { authentication }),
  });
  const log = invocationLog(telemetry, config.report.hashBlobNames);
  const storage = await openStorage(connection, { clock: systemClock, random: Math.random });
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
    settings: splitSettingsOf(config),
    newOwner: () => randomUUID().replaceAll('-', ''),
    rulesOf: rulesReader(config.connectors),
    planExport,
    sweep: { ...DEFAULT_SWEEP_SETTINGS, graceMs: config.sweep.graceMs },
    poison: DEFAULT_POISON_SETTINGS,
  };
  const push: PushServices = pushServices({
    ...shared,
    random: Math.random,
    settings: { ...DEFAULT_PUSH_SETTINGS, ...config.delivery },
    instance: randomUUID().replaceAll('-', ''),
    stopping,
    clientOf(connector) {
      const found = config.connectors.find(({ name }) => name === connector);
      if (!found) throw new Error(`Connector ${connector} is not among CONNECTORS.`);
      const client = namedClient(
        connectConnector(found, clock, config.delivery.requestDeadlineMs),
        connector,
      );
      return observedClient(client, { connector, telemetry, limit: () => push.laneOf(connector).limit });
    },
  });
  return { log, telemetry, storage, split, push, report: reportServices(config, shared) };
}

function reportServices(
  config: Config,
  {
    tables,
    blobs,
    clock,
    log,
  }: Pick<PushServices, 'blobs' | 'clock' | 'log'> & Pick<DailyServices, 'tables'>,
): DailyServices {
  const { timeZone, expectedBy, hashBlobNames, hour, retentionDays } = config.report;
  const connectors = config.connectors.map(({ name }) => name);
  const settings = {
    connectors,
    timeZone,
    hashBlobNames,
    ...(expectedBy === undefined ? {} : { expectedBy }),
  };
  return { tables, blobs, clock, log, settings, reportHour: hour, retentionDays };
}
