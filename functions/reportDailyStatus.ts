import { app, type InvocationContext, type Timer } from '@azure/functions';
import { reportSettings } from '../shared/config/settings.ts';
import { inInvocation } from './invocation.ts';
import { services } from './services.ts';

/** Write the status of the days that are due, and of today so far. */
async function handleReport(_timer: Timer, context: InvocationContext): Promise<void> {
  await inInvocation(context, async () => {
    const { reportDailyStatus } = await import('../shared/report/dailyStatus.ts');
    const { report } = await services();
    await reportDailyStatus(report);
  });
}

app.timer('reportDailyStatus', {
  schedule: process.env[reportSettings.schedule.name] ?? reportSettings.schedule.absent,
  handler: handleReport,
});
