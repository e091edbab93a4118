import { randomUUID } from 'node:crypto';
import type { Clock, Random } from '../clock.ts';
import type { fhirSettings } from '../config/fhirSettings.ts';
import type { ValuesOf } from '../config/setting.ts';
import { factsOf } from '../errorFacts.ts';
import { PipelineError } from '../errors.ts';
import type { Log, LogFields } from '../log.ts';
import type { TableStore } from '../storage/tables.ts';
import { HOUR_MS } from './auditBlobs.ts';
import {
  collectFhirAudit,
  type CollectorLimits,
  type CollectorRun,
  type CollectorSettings,
} from './collector.ts';
import { openFhirHttp } from './fhirHttp.ts';
import { parseHeaderKeys } from './headerCipher.ts';
import { parseHeaderTable } from './headerTable.ts';
import { oidOfToken } from './ownReads.ts';
import { PatientReader } from './patientReader.ts';
import type { CollectorBlobs } from './settleSlice.ts';

export type FhirSettings = ValuesOf<typeof fhirSettings>;

/** What the collector needs of its surroundings. */
export type CollectorPorts = {
  readonly blobs: CollectorBlobs;
  /** Table `marks` of the ledger. */
  readonly marks: TableStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A bearer token for a scope by the collector's identity; `renew` asks for one that was not cached. */
  readonly token: (scope: string, renew: boolean) => Promise<string>;
  /** The keys' text from Key Vault; undefined where none is set. */
  readonly vaultKeys?: () => Promise<string>;
};

/** A blob of more than this becomes several exports, bytes: over 1,000,000 entries. */
const MAX_SLICE_BYTES = 2 ** 30;

/**
 * One run of the collector. One event tells how it ended, unless it was stopped: `fhir.done`, with the number of slices as `count`, or
 * `fhir.failed`, with `code`, `errorName`, `reason` and, where there is one, `status`. An alert waits for failures in a row.
 */
export type Collect = (limits: CollectorLimits) => Promise<CollectorRun>;

/**
 * The collector as the settings say, which readConfig found to be right, or undefined without FHIR_URL. Keys and token are read
 * anew by every run, so that both can rotate.
 */
export function openCollector(settings: FhirSettings, ports: CollectorPorts): Collect | undefined {
  const { url: baseUrl } = settings;
  if (baseUrl === undefined) return undefined;
  const table = parseHeaderTable(settings.headerTable);
  const interactions = new Set(settings.interactions.split(',').map((name) => name.trim()));
  return async (limits) => {
    const token = tokenSource(baseUrl, settings, ports);
    const http = openFhirHttp();
    try {
      const keys = (await ports.vaultKeys?.()) ?? settings.headerKeys?.reveal() ?? '';
      const collector: CollectorSettings = {
        connector: settings.connector,
        container: settings.container,
        source: settings.source,
        settleMs: settings.settleMs,
        lookbackMs: settings.lookbackHours * HOUR_MS,
        maxSliceBytes: MAX_SLICE_BYTES,
        interactions,
        table,
        keys: parseHeaderKeys(keys),
        ownOid: settings.ownOid ?? oidOfToken(await token(false)) ?? '',
      };
      const { clock, random } = ports;
      const { requestsPerSecond } = settings;
      const patients = new PatientReader({ baseUrl, get: http.get, token, clock, random, requestsPerSecond });
      const run = await collectFhirAudit({ ...ports, patients }, collector, {
        ...limits,
        owner: randomUUID(),
      });
      if (limits.signal?.aborted !== true) ports.log.info('fhir.done', { count: run.slices.length });
      return run;
    } catch (error) {
      if (limits.signal?.aborted !== true) ports.log.error('fhir.failed', failureOf(error));
      throw error;
    } finally {
      await http.close();
    }
  };
}

function tokenSource(
  baseUrl: string,
  { token }: FhirSettings,
  ports: CollectorPorts,
): (renew: boolean) => Promise<string> {
  if (token !== undefined) return async () => token.reveal();
  return (renew) => ports.token(`${baseUrl}/.default`, renew);
}

function failureOf(error: unknown): LogFields {
  const facts = factsOf(error);
  return {
    ...facts,
    code: facts.code ?? 'UNEXPECTED',
    reason:
      error instanceof PipelineError
        ? error.message
        : 'The run met an error of storage, identity or the program; the next run takes the same hours again.',
  };
}
