import { readFileSync } from 'node:fs';
import { appSettings, readConfig, type Environment } from '../../shared/config/config.ts';
import { connectorPrefix } from '../../shared/config/connectorPrefix.ts';
import { connectorSettings } from '../../shared/config/connectorSettings.ts';
import { fhirSettings } from '../../shared/config/fhirSettings.ts';
import * as groups from '../../shared/config/settings.ts';
import { PipelineError } from '../../shared/errors.ts';
import { DEFAULTS, type Simulator } from '../simulator/types.ts';
import type { StackOptions } from './options.ts';
import { UsageError } from './usageError.ts';

/** What differs on one machine: nobody waits for minutes, and one process does all. */
const LOCAL_DEFAULTS: Readonly<Record<string, string>> = {
  FUNCTIONS_WORKER_RUNTIME: 'node',
  EVENT_SOURCE: 'polling',
  EMPTY_BLOB_GRACE_SECONDS: '0',
  CLAIM_SECONDS: '6',
  BACKOFF_BASE_MS: '200',
  SWEEP_SCHEDULE: '*/2 * * * * *',
  SWEEP_GRACE_SECONDS: '2',
};

/** Names of all settings of the app, those of a connector with its prefix. */
function knownNames(connector: string): string[] {
  const general = [appSettings, fhirSettings, ...Object.values(groups)].flatMap((group) =>
    Object.values(group).map(({ name }) => name),
  );
  const own = Object.values(connectorSettings).map(({ name }) => `${connectorPrefix(connector)}${name}`);
  return [...general, ...own];
}

/**
 * The app settings of the functions process: local defaults, over them what the environment sets (only names the app knows),
 * over them the command line, over all where storage and connector are.
 *
 * @param simulator undefined when records go to another connector
 * @throws {UsageError} when they do not make a valid configuration
 */
export function appSettingsFor(
  options: StackOptions,
  connectionString: string,
  simulator: Simulator | undefined,
  env: Environment = process.env,
): Record<string, string> {
  const prefix = connectorPrefix(options.connector);
  const token = tokenOf(options, prefix, env);
  const settings: Record<string, string> = {
    ...LOCAL_DEFAULTS,
    // A connector to which a token is given lies on this machine: one job is as good as another there.
    ...optional(`${prefix}JOB_ID`, token && DEFAULTS.jobId),
    ...given(env, knownNames(options.connector)),
    // The one connector of this run: exports go into its folder, whatever the app in Azure serves besides.
    CONNECTORS: options.connector,
    ...optional('CHUNK_RECORDS', options.chunkRecords),
    ...optional('RECORDS_PER_REQUEST', options.recordsPerRequest),
    ...optional('MAX_IN_FLIGHT', options.concurrency),
    // Above it, so that the share of a process that was killed does not hold up its successor.
    ...optional('MAX_IN_FLIGHT_TOTAL', options.concurrency && options.concurrency * 4),
    ...optional(`${prefix}MAPPING`, options.mapping === undefined ? undefined : mappingText(options.mapping)),
    ...optional(`${prefix}JOB_ID`, options.jobId ?? simulator?.jobId),
    ...optional(`${prefix}URL`, options.connectorUrl ?? simulator?.url),
    ...(simulator ? simulatorSettings(prefix, simulator) : {}),
    ...(token === undefined ? {} : { [`${prefix}AUTH`]: 'token', [`${prefix}TOKEN`]: token }),
    AzureWebJobsStorage: connectionString,
    ExportStorage: connectionString,
  };
  try {
    readConfig(settings);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { cause, cure } = error.reason;
    throw new UsageError(
      cause,
      `${cure} Options go by the names of settings: --chunk-records sets CHUNK_RECORDS, and so on.`,
      { cause: error },
    );
  }
  return settings;
}

/**
 * The bearer token to send: that of `--connector-token`, else of the environment, which no list of processes shows. One in the
 * environment is for the connector of `--connector-url`, unless AUTH names another proof.
 */
function tokenOf(
  { connectorToken, connectorUrl }: StackOptions,
  prefix: string,
  env: Environment,
): string | undefined {
  if (connectorToken !== undefined || connectorUrl === undefined) return connectorToken;
  return ['token', '', undefined].includes(env[`${prefix}AUTH`])
    ? env[`${prefix}TOKEN`] || undefined
    : undefined;
}

function simulatorSettings(prefix: string, simulator: Simulator): Record<string, string> {
  return {
    [`${prefix}AUTH`]: 'secret',
    [`${prefix}TENANT_ID`]: simulator.tenantId,
    [`${prefix}APP_ID`]: simulator.appId,
    [`${prefix}SECRET`]: simulator.secret,
    [`${prefix}AUTHORITY`]: simulator.authority,
    [`${prefix}AUTHORITY_CA`]: simulator.ca,
  };
}

/** The mapping as JSON: the functions process may run in another folder. */
function mappingText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `The mapping file ${file} cannot be read.`,
      'Check the path; npm run check -- --init FILE makes one.',
      {
        cause: error,
      },
    );
  }
}

const given = (env: Environment, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));

const optional = (name: string, value: string | number | undefined): Record<string, string> =>
  value === undefined ? {} : { [name]: String(value) };
