import { SettingsError } from '../errors.ts';
import { MAX_BATCHES_PER_CHUNK } from '../ledger/model.ts';
import { storageConnectionFaults } from '../storage/connection.ts';
import { type ConnectorConfig, readConnector } from './connectorConfig.ts';
import { connectorPrefix } from './connectorPrefix.ts';
import { fhirFaults } from './fhirFaults.ts';
import { choice, readSettings, textOr, type ValuesOf } from './setting.ts';
import {
  deliverySettings,
  exportSettings,
  fhirSettings,
  reportSettings,
  storageSettings,
  sweepSettings,
  telemetrySettings,
} from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `functionTimeout` of host.json: a run that passes it takes its process down, with all that the process is at. */
const FUNCTION_TIMEOUT_MS = 30 * 60_000;
/** A run ends by itself within this: what begins last has its whole deadline, and the ledger is written after it. */
const LONGEST_RUN_MS = 0.6 * FUNCTION_TIMEOUT_MS;

const NAME_LIST = /^[\dA-Za-z][\dA-Za-z_-]{0,62}(?:\s*,\s*[\dA-Za-z][\dA-Za-z_-]{0,62})*$/;

/** Settings of the app as a whole. */
export const appSettings = {
  connectors: textOr(
    'CONNECTORS',
    'names, separated by commas',
    'healthcare',
    (list) => NAME_LIST.test(list),
    {
      description:
        'Names of the connectors. A connector’s exports lie in the folder of its name: `exports/<name>/…`.',
      example: 'healthcare,clinic',
    },
  ),
  homeCloud: choice('HOME_CLOUD', ['commercial', 'government'], 'commercial', {
    description:
      'Azure cloud in which this app runs. A managed identity federates within its own cloud only.',
  }),
} as const;

/** Everything that can be set, read once at start and frozen. Sizes are bytes, times ms. */
export type Config = {
  readonly storage: ValuesOf<typeof storageSettings>;
  readonly export: ValuesOf<typeof exportSettings>;
  readonly delivery: ValuesOf<typeof deliverySettings>;
  readonly sweep: ValuesOf<typeof sweepSettings>;
  readonly report: ValuesOf<typeof reportSettings>;
  readonly telemetry: ValuesOf<typeof telemetrySettings>;
  readonly fhir: ValuesOf<typeof fhirSettings>;
  readonly connectors: readonly ConnectorConfig[];
};

/** Names of the connectors that are set up; those of the default where the setting is at fault, which {@link readConfig} tells. */
export const connectorNames = (env: Environment): readonly string[] =>
  namesIn(readSettings(appSettings, env, []).connectors);

const namesIn = (list: string): string[] => list.split(',').map((name) => name.trim());

/**
 * Read and check every setting.
 * @param further faults found elsewhere, in sentences of the same form, to be told with those of the settings
 * @throws {SettingsError} that lists all faults, each with its setting and the fix; no value is quoted
 */
export function readConfig(env: Environment, further: readonly string[] = []): Config {
  const faults: string[] = [];
  const app = readSettings(appSettings, env, faults);
  const names = namesIn(app.connectors);
  const config: Config = {
    storage: readSettings(storageSettings, env, faults),
    export: readSettings(exportSettings, env, faults),
    delivery: readSettings(deliverySettings, env, faults),
    sweep: readSettings(sweepSettings, env, faults),
    report: readSettings(reportSettings, env, faults),
    telemetry: readSettings(telemetrySettings, env, faults),
    fhir: readSettings(fhirSettings, env, faults),
    connectors: names.flatMap((name) => readConnector(name, env, app.homeCloud, faults) ?? []),
  };
  faults.push(
    ...storageFaults(config, env, faults),
    ...deliveryFaults(config),
    ...nameFaults(names),
    ...fhirFaults(config.fhir, names),
    ...further,
  );
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    faults.push('NODE_TLS_REJECT_UNAUTHORIZED: is 0, which turns the check of certificates off; remove it.');
  }
  if (faults.length > 0) {
    throw new SettingsError({
      code: 'SETTINGS',
      cause: `${faults.length === 1 ? 'One thing is' : `${faults.length} things are`} missing or wrong. ${faults.join(' ')}`,
      cure: 'Correct what is named (docs/configuration.md lists every setting) and start again.',
    });
  }
  return deepFreeze(config);
}

function storageFaults({ storage }: Config, env: Environment, told: readonly string[]): string[] {
  const { connectionString, blobServiceUri, queueServiceUri, tableServiceUri } = storage;
  if (connectionString && (blobServiceUri ?? queueServiceUri ?? tableServiceUri) !== undefined)
    return ['ExportStorage: is given beside ExportStorage__…ServiceUri; give one or the other.'];
  const settingOf = (fault: string): string => fault.slice(0, fault.indexOf(':'));
  const known = new Set(told.map(settingOf));
  return storageConnectionFaults(env, 'ExportStorage').filter((fault) => !known.has(settingOf(fault)));
}

function deliveryFaults({ export: { chunkRecords, maxRecordBytes }, delivery }: Config): string[] {
  const faults: string[] = [];
  if (Math.ceil(chunkRecords / delivery.recordsPerRequest) > MAX_BATCHES_PER_CHUNK) {
    faults.push(
      `RECORDS_PER_REQUEST: gives more than ${MAX_BATCHES_PER_CHUNK} batches a chunk; raise it or lower CHUNK_RECORDS.`,
    );
  }
  if (maxRecordBytes > delivery.maxBodyBytes) {
    faults.push('MAX_RECORD_BYTES: is larger than MAX_BODY_BYTES; lower it or raise the other.');
  }
  if (delivery.backoffBaseMs > delivery.backoffMaxMs) {
    faults.push('BACKOFF_BASE_MS: is larger than BACKOFF_MAX_MS; lower it or raise the other.');
  }
  if (delivery.invocationBudgetMs + delivery.requestDeadlineMs > LONGEST_RUN_MS) {
    faults.push(
      `INVOCATION_BUDGET_SECONDS: is with REQUEST_DEADLINE_SECONDS more than ${LONGEST_RUN_MS / 1000}, 60 % of functionTimeout in host.json; lower one of them.`,
    );
  }
  if (delivery.maxInFlight > delivery.maxInFlightTotal) {
    faults.push('MAX_IN_FLIGHT: is larger than MAX_IN_FLIGHT_TOTAL; lower it or raise the other.');
  }
  return faults;
}

function nameFaults(names: readonly string[]): string[] {
  const clash = names.find((name, i) =>
    names.some((other, j) => j < i && connectorPrefix(other) === connectorPrefix(name)),
  );
  return clash === undefined
    ? []
    : [`CONNECTORS: two names share the settings ${connectorPrefix(clash)}…; rename one.`];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
