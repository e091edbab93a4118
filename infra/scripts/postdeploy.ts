import { az } from './az.ts';
import { runScript, UsageFault } from './script.ts';
import { subscribeWebhook } from './webhookSubscription.ts';

const USAGE = `After a deployment: with EVENT_SOURCE=blobWebhook, subscribes the blob trigger's webhook; else there is nothing to do.

  npx node infra/scripts/postdeploy.ts

It reads AZURE_RESOURCE_GROUP and the outputs APP_NAME, TOPIC_NAME, DATA_ACCOUNT and EVENT_SOURCE of infra/main.bicep from the
environment. As a hook of azd it is given them.
`;

function read(name: string): string {
  const value = process.env[name];
  if (!value) throw new UsageFault(`The variable ${name} is not set.`);
  return value;
}

await runScript(USAGE, async () => {
  if (process.env['EVENT_SOURCE'] !== 'blobWebhook') return;
  await subscribeWebhook(az, {
    resourceGroup: read('AZURE_RESOURCE_GROUP'),
    appName: read('APP_NAME'),
    topicName: read('TOPIC_NAME'),
    dataAccountName: read('DATA_ACCOUNT'),
  });
  process.stdout.write('Event Grid delivers to the blob webhook.\n');
});
