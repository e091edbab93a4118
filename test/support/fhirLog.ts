import type { Clock } from '../../shared/clock.ts';
import type { Log, LogFields } from '../../shared/log.ts';
import {
  collectFhirAudit,
  type CollectorLimits,
  type CollectorRun,
  type CollectorSettings,
} from '../../shared/fhir/collector.ts';
import { DEFAULT_INTERACTIONS } from '../../shared/fhir/access.ts';
import { DEFAULT_HEADER_TABLE, parseHeaderTable } from '../../shared/fhir/headerTable.ts';
import { PatientReader, type FhirGet } from '../../shared/fhir/patientReader.ts';
import { KillableProcess } from './killable.ts';
import { MemoryBlobs, MemoryTable, type FaultHook } from './memoryStores.ts';

export const CONTAINER = 'insights-logs-auditlogs';
export const SOURCE =
  '/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.HEALTHCAREAPIS/WORKSPACES/W/FHIRSERVICES/F';
export const OWN_OID = '0d1d0000-0000-4000-8000-00000000c011';
export const HOUR = Date.UTC(2026, 10, 21, 13);

/** What a line of the log says; anything not given is what an ordinary read of patient 1 by jdoe says. */
export type LineFacts = {
  time?: string;
  interaction?: string;
  result?: string;
  id?: string;
  path?: string;
  headers?: Record<string, string>;
  oid?: string;
  properties?: unknown;
};

export const auditLine = (facts: LineFacts = {}): string => {
  const {
    time = '2026-11-21 13:00:01Z',
    interaction = 'read',
    result = 'Succeeded',
    id = 'c1',
    path = '/Patient/1',
  } = facts;
  const headers = facts.headers ?? { USERID: 'jdoe', USERLOCATION: 'Ward 1' };
  const named = Object.entries(headers).map(([name, value]) => [`X-MS-AZUREFHIR-AUDIT-${name}`, value]);
  return JSON.stringify({
    time,
    resourceId: SOURCE,
    operationName: `Microsoft.HealthcareApis/services/fhir-R4/${interaction}`,
    category: 'AuditLogs',
    resultType: result,
    correlationId: id,
    identity: { claims: { iss: 'https://sts/', oid: facts.oid ?? 'aaaa' } },
    uri: `https://w-f.fhir.azurehealthcareapis.com:443${path}`,
    properties: facts.properties ?? { fhirResourceType: 'Patient', ...Object.fromEntries(named) },
  });
};

/** Both entries of a request, each on its line. */
export const request = (facts: LineFacts = {}): string =>
  `${auditLine({ ...facts, result: 'Started' })}\n${auditLine(facts)}\n`;

export const hourBlob = (hour = HOUR, source = SOURCE): string => {
  const [, y, mo, d, h] = /^(\d+)-(\d+)-(\d+)T(\d+)/.exec(new Date(hour).toISOString())!;
  return `resourceId=${source}/y=${y}/m=${mo}/d=${d}/h=${h}/m=00/PT1H.json`;
};

/** A patient whose every field says whose it is. */
export const patientOf = (id: string): Record<string, unknown> => ({
  resourceType: 'Patient',
  id,
  name: [{ use: 'official', family: `Family${id}`, given: [`Given${id}`] }],
  address: [{ use: 'home', line: [`${id} Main St`], city: `City${id}`, postalCode: `Z${id}` }],
});

/** An event as it was logged. */
export type Logged = { readonly event: string } & LogFields;

function loggingTo(logged: Logged[]): Log {
  const add = (event: string, fields: LogFields = {}): void => void logged.push({ event, ...fields });
  return { debug: add, info: add, warn: add, error: add };
}

/** A collector on stores in memory, with a FHIR service that knows every patient except those in `gone`. */
export function testCollector(
  options: {
    hook?: FaultHook;
    now?: number;
    settings?: Partial<CollectorSettings>;
    gone?: string[];
    /** What the FHIR service takes to answer, ms. */
    answerMs?: number;
  } = {},
) {
  const state = {
    now: options.now ?? HOUR + 2 * 3_600_000,
    asked: [] as string[],
    owner: 0,
    logged: [] as Logged[],
  };
  const clock: Clock = {
    now: () => state.now,
    monotonic: () => state.now,
    sleep: async (ms) => void (state.now += ms),
  };
  const shared = { clock, ...(options.hook && { hook: options.hook }) };
  const blobs = new MemoryBlobs(shared);
  const marks = new MemoryTable('marks', shared);
  const get: FhirGet = async (url) => {
    const ids = new URL(url).searchParams.get('_id')!.split(',');
    state.asked.push(...ids);
    state.now += options.answerMs ?? 0;
    const entry = ids.filter((id) => !options.gone?.includes(id)).map((id) => ({ resource: patientOf(id) }));
    return { status: 200, text: JSON.stringify({ resourceType: 'Bundle', entry }) };
  };
  const settings: CollectorSettings = {
    connector: 'healthcare',
    container: CONTAINER,
    source: '',
    settleMs: 600_000,
    lookbackMs: 48 * 3_600_000,
    maxSliceBytes: 2 ** 30,
    interactions: new Set(DEFAULT_INTERACTIONS.split(', ')),
    table: parseHeaderTable(DEFAULT_HEADER_TABLE),
    keys: undefined,
    ownOid: OWN_OID,
    ...options.settings,
  };
  const parts = (process = new KillableProcess()) => {
    const patients = new PatientReader({
      baseUrl: 'https://fhir',
      get,
      token: async () => 't',
      clock,
      random: () => 0.5,
      requestsPerSecond: 1000,
    });
    const services = {
      blobs: process.reach(blobs),
      marks: process.reach(marks),
      clock,
      log: loggingTo(state.logged),
      patients,
    };
    return { services, settings };
  };
  const run = (process?: KillableProcess, limits: Partial<CollectorLimits> = {}): Promise<CollectorRun> =>
    collectFhirAudit(parts(process).services, settings, {
      owner: `run ${++state.owner}`,
      budgetMs: 600_000,
      claimMs: 120_000,
      ...limits,
    });
  const contentOf = (container: string): Map<string, string> =>
    new Map(blobs.addresses(container).map((at) => [at.name, blobs.content(at)!.toString('utf8')]));
  return {
    blobs,
    marks,
    state,
    run,
    parts,
    put: (text: string, hour = HOUR, source = SOURCE, modifiedAt?: number) =>
      blobs.put({ container: CONTAINER, name: hourBlob(hour, source) }, text, {}, modifiedAt),
    exports: () => contentOf('exports'),
    quarantine: () => contentOf('quarantine'),
    /** Records of all exports, without headers. */
    records: () =>
      [...contentOf('exports').values()].flatMap((text) => text.trimEnd().split('\r\n').slice(1)),
  };
}
