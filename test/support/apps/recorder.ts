/** A tiny app with one function of each kind, each of which writes down how it was called. */
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { app, type InvocationContext } from '@azure/functions';
import { registerBlobBinding } from '../../../functions/blobBinding.ts';

registerBlobBinding();

const file = process.env['RECORD_FILE'] ?? '';

function record(entry: object): void {
  appendFileSync(file, `${JSON.stringify({ pid: process.pid, ...entry })}\n`);
}

app.hook.appStart(() => record({ kind: 'start' }));
app.hook.appTerminate(() => record({ kind: 'terminate' }));
app.hook.preInvocation((context) => {
  context.hookData['prepared'] = true;
});
app.hook.postInvocation((context) => {
  record({ kind: 'hooks', prepared: context.hookData['prepared'], failed: context.error !== undefined });
});

/** A message tells what is to become of it: `{ run: 'fail' | 'wait' | 'hang', ms }`. */
async function act(message: unknown): Promise<void> {
  const { run, ms = 0 } = message as { run?: string; ms?: number };
  if (run === 'fail') throw new Error('failed on purpose');
  if (run === 'wait') await delay(ms);
  if (run === 'hang') await new Promise(() => undefined);
}

app.storageQueue('work', {
  queueName: '%WORK_QUEUE%',
  connection: 'AzureWebJobsStorage',
  handler: async (message: unknown, { triggerMetadata }: InvocationContext) => {
    record({ kind: 'queue', message, count: triggerMetadata?.['dequeueCount'], id: triggerMetadata?.['id'] });
    await act(message);
    record({ kind: 'queueDone', message });
  },
});

app.storageQueue('poisoned', {
  queueName: '%WORK_QUEUE%-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message: unknown) => record({ kind: 'poison', message }),
});

app.storageBlob('polled', {
  path: 'polled/{connector}/{name}',
  connection: 'AzureWebJobsStorage',
  sdkBinding: true,
  handler: async (blob: unknown, { triggerMetadata }: InvocationContext) => {
    const { blobName } = blob as { blobName: string };
    record({ kind: 'blob', blob, name: triggerMetadata?.['name'] });
    if (blobName.includes('fail')) throw new Error('failed on purpose');
    if (blobName.includes('hang')) await new Promise(() => undefined);
    if (blobName.includes('slow')) await delay(1_500);
    record({ kind: 'blobDone', blob });
  },
});

app.storageBlob('announced', {
  path: 'announced/{name}',
  connection: 'AzureWebJobsStorage',
  source: 'EventGrid',
  handler: (content: unknown) => record({ kind: 'event', content: (content as Buffer).toString() }),
});

app.timer('tick', {
  schedule: '* * * * * *',
  handler: (timer) => record({ kind: 'tick', pastDue: timer.isPastDue }),
});

app.timer('hourly', {
  schedule: '0 0 * * * *',
  handler: (timer) => record({ kind: 'hourly', pastDue: timer.isPastDue }),
});

app.http('echo', {
  route: 'echo/{what}/{more?}',
  methods: ['POST'],
  handler: async (request) => ({
    status: 201,
    headers: { 'x-method': request.method },
    jsonBody: { params: request.params, query: request.query.get('q'), body: await request.text() },
  }),
});
