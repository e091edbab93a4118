import { app, type InvocationContext, type Timer } from '@azure/functions';
import { fhirSettings } from '../shared/config/settings.ts';
import { TABLES } from '../shared/ledger/model.ts';
import { inInvocation } from './invocation.ts';
import { services } from './services.ts';

/** Carry what is new in the FHIR service's audit log into exports, hour by hour. */
async function handleCollect(_timer: Timer, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const { fhirIdentity } = await import('../shared/fhir/fhirIdentity.ts');
    const { openCollector } = await import('../shared/fhir/openCollector.ts');
    const { config, storage, log } = await services();
    const { blobs, clock } = storage;
    const collect = openCollector(config.fhir, {
      blobs,
      marks: storage.table(TABLES.marks),
      clock,
      random: Math.random,
      log,
      ...fhirIdentity(config.fhir, config.storage.clientId),
    });
    await collect?.({ budgetMs: config.delivery.invocationBudgetMs });
  });
}

// No `runOnStartup`: it fires on every instance, and a run that is past due comes by itself.
if (process.env[fhirSettings.url.name])
  app.timer('collectFhirAudit', {
    schedule: process.env[fhirSettings.schedule.name] ?? fhirSettings.schedule.absent,
    handler: handleCollect,
  });
