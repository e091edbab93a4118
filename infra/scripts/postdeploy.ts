import { az } from './az.ts';
import { subscribeWebhook } from './webhookSubscription.ts';

/** After `azd deploy`: with events by webhook, subscribe it; with events by queue there is nothing left to do. */
if (process.env['EVENT_SOURCE'] === 'blobWebhook') {
  const read = (name: string): string => {
    const value = process.env[name];
    if (!value)
      throw new Error(`${name} is not set. Run this as a hook of azd, or set what main.bicep put out.`);
    return value;
  };
  await subscribeWebhook(az, {
    resourceGroup: read('AZURE_RESOURCE_GROUP'),
    appName: read('APP_NAME'),
    topicName: read('TOPIC_NAME'),
    dataAccountName: read('DATA_ACCOUNT'),
  });
  process.stdout.write('Event Grid delivers to the blob webhook.\n');
}
