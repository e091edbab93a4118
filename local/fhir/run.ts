import { randomBytes } from 'node:crypto';
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
};

/** A FHIR service that runs, with a past. */
export type SeededFhir = {
  readonly fhirUrl: string;
  /** What the functions must be set to, so that the collector finds it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Every access that must reach the connector, once. */
  readonly accesses: readonly PlannedAccess[];
  /** Names in the container `exports` of the exports that will come, for a connector, in order of time. */
  exportNames(connector: string): string[];
  /** Resolves when the log of everything asked so far is written. */
  flush(): Promise<void>;
  stop(): Promise<void>;
};

const HOUR_MS = 3_600_000;
const HOURS = 5;
const RESOURCE_ID =
  '/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/LOCAL/PROVIDERS/MICROSOFT.HEALTHCAREAPIS/WORKSPACES/LOCAL/FHIRSERVICES/LOCAL';

/**
 * Starts a local FHIR service and lets users open patients through it, with audit headers, spread over five past hours.
 * When this resolves the audit log of these hours is written, each hour in one piece. The same seed gives the same accesses,
 * except for the times' hours and the keys.
 */
export async function seedFhir(options: SeedOptions): Promise<SeededFhir> {
  const { connectionString, records, seed } = options;
  const keys = `local=${randomBytes(32).toString('base64')}`;
  const tokens = { users: tokenOf('11111111'), collector: tokenOf('c0113c70') };
  const repository = new LocalRepository();
  const patients = makePatients(options.patients ?? Math.min(400, records), seed);
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
  const audit = new AuditWriter(connectionString, RESOURCE_ID, true);
  const front = await startFront({
    repository,
    audit,
    resourceId: RESOURCE_ID,
    tokens: new Set(Object.values(tokens)),
    receivedAt: ({ headers }) => Number(headers[RECEIVED_AT] ?? Date.now()),
  });
  const from = Math.floor((options.now ?? Date.now()) / HOUR_MS - HOURS - 1) * HOUR_MS;
  const accesses = planAccesses({
    ids: patients.map(({ id }) => id!),
    users: makeUsers(options.users, seed),
    records,
    seed,
    from,
    spanMs: HOURS * HOUR_MS,
  });
  await performAccesses(accesses, { url: front.url, token: tokens.users, keys: parseHeaderKeys(keys)! });
  await audit.release();
  return {
    fhirUrl: front.url,
    settings: {
      FHIR_URL: front.url,
      FHIR_TOKEN: tokens.collector,
      FHIR_HEADER_KEYS: keys,
      FHIR_SCHEDULE: '*/2 * * * * *',
    },
    accesses,
    exportNames: (connector) => exportNames(connector, accesses),
    flush: () => audit.flush(),
    stop: async () => {
      await front.close();
      await audit.flush();
    },
  };
}

/** One export for each hour that saw an access end. */
function exportNames(connector: string, accesses: readonly PlannedAccess[]): string[] {
  const key = sourceKey(RESOURCE_ID.toLowerCase());
  const hours = new Set(accesses.map(({ endedAt }) => new Date(endedAt).toISOString().slice(0, 13)));
  return [...hours].sort().map((hour) => `${connector}/fhir/${hour.replace('T', '/')}-${key}-1.csv`);
}

/** A token like those of Microsoft Entra ID, as far as anyone here looks at it. */
function tokenOf(id: string): string {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ oid: `${id}-0000-4000-8000-000000000000` })}.local`;
}
