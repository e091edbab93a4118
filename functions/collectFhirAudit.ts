import { app, type InvocationContext, type Timer } from '@azure/functions';
import { TABLES } from '../shared/ledger/model.ts';
import { inInvocation } from './invocation.ts';
import { config, services } from './services.ts';

/** Carry what is new in the FHIR service's audit log into exports, hour by hour. */
async function handleCollect(_timer: Timer, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const { fhirIdentity } = await import('../shared/fhir/fhirIdentity.ts');
    const { openCollector } = await import('../shared/fhir/openCollector.ts');
    const { storage, log, push } = await services();
    const { blobs, clock } = storage;
    const collect = openCollector(config.fhir, {
      blobs,
      marks: storage.table(TABLES.marks),
      clock,
      random: Math.random,
      log,
      ...fhirIdentity(config.fhir, config.storage.clientId),
    });
    const { invocationBudgetMs: budgetMs, claimMs } = config.delivery;
    const run = collect?.({ budgetMs, claimMs, signal: push.stopping });
    // A host that goes away waits for what is under way: the claim is given up before.
    if (run !== undefined) push.underWay(run);
    await run;
  });
}

// No `runOnStartup`: it fires on every instance, and a run that is past due comes by itself.
if (config.fhir.url !== undefined)
  app.timer('collectFhirAudit', {
    schedule: config.fhir.schedule,
    handler: handleCollect,
  });
