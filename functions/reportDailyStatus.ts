import { app, type InvocationContext, type Timer } from '@azure/functions';
import { inInvocation } from './invocation.ts';
import { config, services } from './services.ts';

/** Write the status of the days that are due, and of today so far. */
async function handleReport(_timer: Timer, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const { reportDailyStatus } = await import('../shared/report/dailyStatus.ts');
    const { report } = await services();
    await reportDailyStatus(report);
  });
}

app.timer('reportDailyStatus', {
  schedule: config.report.schedule,
  handler: handleReport,
});
