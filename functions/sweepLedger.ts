import { app, type InvocationContext, type Timer } from '@azure/functions';
import { inInvocation, invocationSpan } from './invocation.ts';
import { config, services } from './services.ts';

/** Mend what events and messages missed: unseen exports, lapsed claims, chunks past their due time, exports not completed. */
async function handleSweep(_timer: Timer, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const { sweepLedger } = await import('../shared/export/sweep.ts');
    const { split, telemetry } = await services();
    await telemetry.inSpan('ledger.sweep', { ...invocationSpan(context), kind: 'internal' }, async () => {
      await sweepLedger(split, telemetry.traceparent());
    });
  });
}

app.timer('sweepLedger', {
  schedule: config.sweep.schedule,
  handler: handleSweep,
});
