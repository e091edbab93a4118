import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { sourceKey } from '../../shared/fhir/auditBlobs.ts';
import { parseHeaderKeys } from '../../shared/fhir/client.ts';
import { performAccesses, planAccesses, RECEIVED_AT, type PlannedAccess } from './accesses.ts';
import { AuditWriter } from './auditWriter.ts';
import { startFront } from './front.ts';
import { makePatients, makeUsers } from './people.ts';
import { LocalRepository } from './repository.ts';

export type SeedOptions = {
  /** Connection string of the account that holds the audit log and the exports. */
  readonly connectionString: string;
  /** Accesses, each to one patient. */
  readonly records: number;
  readonly users: number;
  readonly seed: number;
  /** UTC ms; the accesses lie in whole hours before it. @default now */
  readonly now?: number;
  readonly patients?: number;
  /** Connector that the records go to. @default 'healthcare' */
  readonly connector?: string;
  /** Remembers the run until `forget()`: a later call with the same file goes on with its log instead of making a new one. */
  readonly stateFile?: string;
};

/** A FHIR service that runs, with a past. */
export type SeededFhir = {
  readonly fhirUrl: string;
  /** What the functions must be set to, so that the collector finds it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Every access that must reach the connector, once. */
  readonly accesses: readonly PlannedAccess[];
  /** Names in the container `exports` of the exports that will come, in order of time. */
  readonly exportNames: readonly string[];
  /** Resolves when the log of everything asked so far is written. */
  flush(): Promise<void>;
  /** Call it when every export has ended: the next run is a new one. */
  forget(): Promise<void>;
  stop(): Promise<void>;
};

const HOUR_MS = 3_600_000;
const HOURS = 5;
/** A search looks at each of them. */
const MOST_PATIENTS = 250;
const SERVICE =
  '/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/LOCAL/PROVIDERS/MICROSOFT.HEALTHCAREAPIS/WORKSPACES/LOCAL/FHIRSERVICES/LOCAL';

/** What makes a run: its name, its first hour (UTC ms) and the keys of its headers. Each run is a FHIR service of its own. */
type Run = {
  readonly name: string;
  readonly from: number;
  readonly keys: string;
  /** Records, users and seed it was made with. */
  readonly made: string;
};

/**
 * Starts a local FHIR service and lets users open patients through it, with audit headers, spread over five past hours.
 * When this resolves the audit log of these hours is written, each hour in one piece. The same seed gives the same accesses,
 * except for the times' hours and the keys.
 */
export async function seedFhir(options: SeedOptions): Promise<SeededFhir> {
  const { connectionString, records, seed, connector = 'healthcare', stateFile } = options;
  const made = [records, options.users, seed].join();
  const known = await knownRun(stateFile, made);
  const run = known ?? newRun(options.now ?? Date.now(), made);
  const resourceId = `${SERVICE}-${run.name}`;
  const tokens = { users: tokenOf('11111111'), collector: tokenOf('c0113c70') };
  const repository = new LocalRepository();
  const patients = makePatients(options.patients ?? Math.min(MOST_PATIENTS, records), seed);
  for (const patient of patients) {
    await repository.put(patient);
    await repository.put({
      resourceType: 'Observation',
      id: `obs-${patient.id}`,
      status: 'final',
      code: { text: 'Pulse' },
      subject: { reference: `Patient/${patient.id}` },
    });
  }
  const audit = new AuditWriter(connectionString, resourceId, true);
  const front = await startFront({
    repository,
    audit,
    resourceId,
    tokens: new Set(Object.values(tokens)),
    receivedAt: ({ headers }) => Number(headers[RECEIVED_AT] ?? Date.now()),
  });
  const accesses = planAccesses({
    ids: patients.map(({ id }) => id!),
    users: makeUsers(options.users, seed),
    records,
    seed,
    from: run.from,
    spanMs: HOURS * HOUR_MS,
  });
  const target = { url: front.url, token: tokens.users, keys: parseHeaderKeys(run.keys)! };
  try {
    if (known === undefined) await performAccesses(accesses, target);
    await audit.release();
  } catch (error) {
    await front.close();
    throw error;
  }
  if (stateFile !== undefined) await writeFile(stateFile, JSON.stringify(run), { mode: 0o600 });
  return {
    fhirUrl: front.url,
    settings: {
      FHIR_URL: front.url,
      FHIR_TOKEN: tokens.collector,
      FHIR_CONNECTOR: connector,
      FHIR_SOURCE: resourceId,
      FHIR_HEADER_KEYS: run.keys,
      FHIR_SCHEDULE: '*/2 * * * * *',
    },
    accesses,
    exportNames: exportNames(connector, sourceKey(resourceId.toLowerCase()), accesses),
    flush: () => audit.flush(),
    forget: async () => {
      if (stateFile !== undefined) await rm(stateFile, { force: true });
    },
    stop: async () => {
      await front.close();
      await audit.flush();
    },
  };
}

function newRun(now: number, made: string): Run {
  return {
    made,
    name: now.toString(36).toUpperCase(),
    from: Math.floor(now / HOUR_MS - HOURS - 1) * HOUR_MS,
    keys: `local=${randomBytes(32).toString('base64')}`,
  };
}

/** The run that a file remembers: written once its log was whole. */
async function knownRun(stateFile: string | undefined, made: string): Promise<Run | undefined> {
  if (stateFile === undefined) return undefined;
  try {
    const run = JSON.parse(await readFile(stateFile, 'utf8')) as Run;
    return run.made === made ? run : undefined;
  } catch {
    return undefined;
  }
}

/** One export for each hour that saw an access end. */
function exportNames(connector: string, key: string, accesses: readonly PlannedAccess[]): string[] {
  const hours = new Set(accesses.map(({ endedAt }) => new Date(endedAt).toISOString().slice(0, 13)));
  return [...hours].sort().map((hour) => `${connector}/fhir/${hour.replace('T', '/')}-${key}-1.csv`);
}

/** A token like those of Microsoft Entra ID, as far as anyone here looks at it. */
function tokenOf(id: string): string {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ oid: `${id}-0000-4000-8000-000000000000` })}.local`;
}
