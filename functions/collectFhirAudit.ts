import { app, type InvocationContext, type Timer } from '@azure/functions';
import type { Clock, Random } from '../shared/clock.ts';
import type { Config } from '../shared/config/config.ts';
import { fhirIdentity } from '../shared/fhir/fhirIdentity.ts';
import { openCollector } from '../shared/fhir/openCollector.ts';
import { TABLES } from '../shared/ledger/model.ts';
import type { Log } from '../shared/log.ts';
import type { BlobStore } from '../shared/storage/blobs.ts';
import type { TableStore } from '../shared/storage/tables.ts';

/** What the collector is given at start. */
export type CollectorHost = {
  readonly config: Config;
  readonly storage: { readonly blobs: BlobStore; readonly clock: Clock; table(name: string): TableStore };
  readonly random: Random;
  readonly log: Log;
};

/**
 * Registers the timer that carries the FHIR service's audit log into exports; nothing is registered without FHIR_URL.
 * No `runOnStartup`: it fires on every instance, and a run that is past due comes by itself.
 */
export function registerCollectFhirAudit({ config, storage, random, log }: CollectorHost): void {
  const { fhir } = config;
  const { blobs, clock } = storage;
  const marks = storage.table(TABLES.marks);
  const identity = fhirIdentity(fhir, config.storage.clientId);
  const collect = openCollector(fhir, { blobs, marks, clock, random, log, ...identity });
  if (collect === undefined) return;
  const handler = async (_: Timer, context: InvocationContext): Promise<void> => {
    const { slices } = await collect({ budgetMs: config.delivery.invocationBudgetMs });
    context.debug('audit log collected', slices.length);
  };
  app.timer('collectFhirAudit', { schedule: fhir.schedule, handler });
}
