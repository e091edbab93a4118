import { setTimeout as sleep } from 'node:timers/promises';
import type { Az } from './az.ts';

/** What `azd` knows of a deployment, as its hooks are given it. */
export type Deployment = {
  readonly resourceGroup: string;
  readonly appName: string;
  readonly topicName: string;
  readonly dataAccountName: string;
};

const KEY = 'blobs_extension';
const TRIES = 60;
const PAUSE_MS = 10_000;

/**
 * Make the Event Grid subscription of the blob webhook, once the host has made the key that its address needs.
 * The key itself is read by the template and shown nowhere.
 * @throws {Error} when the key has not come within ten minutes: the app did not start
 */
export async function subscribeWebhook(
  az: Az,
  { resourceGroup, appName, topicName, dataAccountName }: Deployment,
  pause: () => Promise<unknown> = () => sleep(PAUSE_MS),
): Promise<void> {
  for (let tries = 1; !(await hasKey(az, resourceGroup, appName)); tries += 1) {
    if (tries === TRIES) {
      throw new Error(
        `${appName} has no key ${KEY} after ${(TRIES * PAUSE_MS) / 60_000} minutes: the app did not start, or splitExport is not in it. ` +
          'Look at its log stream, mend what it says and run this again.',
      );
    }
    await pause();
  }
  await az([
    'deployment',
    'group',
    'create',
    '--resource-group',
    resourceGroup,
    '--name',
    'webhook',
    '--template-file',
    'infra/webhook.bicep',
    '--parameters',
    `appName=${appName}`,
    `topicName=${topicName}`,
    `dataAccountName=${dataAccountName}`,
  ]);
}

async function hasKey(az: Az, resourceGroup: string, appName: string): Promise<boolean> {
  const keys = (await az([
    'functionapp',
    'keys',
    'list',
    '--resource-group',
    resourceGroup,
    '--name',
    appName,
  ])) as { systemKeys?: Record<string, string> } | undefined;
  return Boolean(keys?.systemKeys?.[KEY]);
}
