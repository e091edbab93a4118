import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { HostRig } from '../support/hostRig.ts';

const WEBHOOK = '/runtime/webhooks/blobs?functionName=Host.Functions.announced&code=key';
const QUIET = { settings: { 'AzureWebJobs.tick.Disabled': 'true' } };

let rig: HostRig;
let polled: ContainerClient;
before(async () => {
  rig = await HostRig.create('recorder');
  const service = BlobServiceClient.fromConnectionString(rig.storage.connectionString);
  polled = service.getContainerClient('polled');
  await polled.create();
  await service.getContainerClient('announced').create();
  await service.getContainerClient('elsewhere').create();
});
after(() => rig.stop());
afterEach(() => rig.reset());

async function upload(name: string, content = 'content', container = 'polled'): Promise<void> {
  const service = BlobServiceClient.fromConnectionString(rig.storage.connectionString);
  await service.getContainerClient(container).getBlockBlobClient(name).upload(content, content.length);
}

function namesOf(records: readonly Readonly<Record<string, unknown>>[]): string[] {
  return records.map(({ blob }) => (blob as { blobName: string }).blobName).sort();
}

test('a blob comes as a reference, once, whatever its name, and not again after a restart', async () => {
  await upload('hr/a.csv');
  await upload('hr/deep/ü & <b> #1.csv');
  await upload('in no folder.csv');
  const functions = await rig.start(QUIET);
  const calls = await rig.waitFor('blobDone', 2);
  assert.deepEqual(
    calls.find(({ blob }) => (blob as { blobName: string }).blobName === 'hr/a.csv')?.['blob'],
    {
      connection: 'AzureWebJobsStorage',
      containerName: 'polled',
      blobName: 'hr/a.csv',
    },
  );
  const [deep] = (await rig.records('blob')).filter(({ name }) => String(name).startsWith('ü'));
  assert.equal(deep?.['name'], 'ü & <b> #1.csv', 'the first capture is greedy, as in Azure');
  await functions.stop();

  await rig.start(QUIET);
  await upload('hr/b.csv');
  await rig.waitFor('blobDone', 3);
  assert.deepEqual(namesOf(await rig.records('blob')), ['hr/a.csv', 'hr/b.csv', 'hr/deep/ü & <b> #1.csv']);
});

test('new content under an old name is another event', async () => {
  await rig.start(QUIET);
  await upload('hr/again.csv', 'one');
  await rig.waitFor('blobDone', 1, ({ blob }) => namesOf([{ blob }])[0] === 'hr/again.csv');
  await upload('hr/again.csv', 'two');
  await rig.waitFor('blobDone', 2, ({ blob }) => namesOf([{ blob }])[0] === 'hr/again.csv');
});

test('a process killed at a blob takes it up again as soon as it is back', async () => {
  const functions = await rig.start(QUIET);
  await upload('hr/hang.csv');
  const [first] = await rig.waitFor('blob', 1, ({ blob }) => namesOf([{ blob }])[0] === 'hr/hang.csv');
  process.kill(Number(first?.pid), 'SIGKILL');
  const [, second] = await rig.waitFor('blob', 2, ({ blob }) => namesOf([{ blob }])[0] === 'hr/hang.csv');
  assert.notEqual(first?.pid, second?.pid);
  await functions.kill();
  await polled.deleteBlob('hr/hang.csv');
});

test('a blob that fails lies in the poison queue of the host after its tries', async () => {
  await rig.start(QUIET);
  await upload('hr/fail.csv');
  const poison = QueueServiceClient.fromConnectionString(rig.storage.connectionString).getQueueClient(
    'webjobs-blobtrigger-poison',
  );
  await rig.waitFor('blob', 2, ({ blob }) => namesOf([{ blob }])[0] === 'hr/fail.csv');
  let text: string | undefined;
  while (text === undefined) {
    text = (await poison.peekMessages().catch(() => undefined))?.peekedMessageItems[0]?.messageText;
  }
  const { BlobName, FunctionId } = JSON.parse(Buffer.from(text, 'base64').toString()) as Record<
    string,
    string
  >;
  assert.deepEqual(
    { BlobName, FunctionId },
    { BlobName: 'hr/fail.csv', FunctionId: 'Host.Functions.polled' },
  );
  assert.equal((await rig.records('blob')).length, 2, 'poisonBlobThreshold 2');
  await polled.deleteBlob('hr/fail.csv');
});

test('two processes take each blob once', async () => {
  await Promise.all([rig.start(QUIET), rig.start(QUIET)]);
  for (let n = 0; n < 6; n++) await upload(`hr/slow-${n}.csv`);
  await rig.waitFor('blobDone', 6);
  assert.equal((await rig.records('blob')).length, 6);
});

test('the webhook of Event Grid answers the handshake and takes a batch of events, of any container', async () => {
  const functions = await rig.start(QUIET);
  const post = (body: object) =>
    fetch(`http://127.0.0.1:${functions.port}${WEBHOOK}`, { method: 'POST', body: JSON.stringify(body) });
  const handshake = await post([
    { eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent', data: { validationCode: 'code-1' } },
  ]);
  assert.deepEqual(await handshake.json(), { validationResponse: 'code-1' });

  await upload('a b.csv', 'first', 'announced');
  await upload('foreign.csv', 'second', 'elsewhere');
  const eventOf = (path: string) => ({
    eventType: 'Microsoft.Storage.BlobCreated',
    data: { api: 'PutBlob', url: `${rig.storage.blobUrl}/${path}` },
  });
  const gone = eventOf('announced/gone.csv');
  assert.equal(
    (await post([eventOf('announced/a%20b.csv'), gone, eventOf('elsewhere/foreign.csv')])).status,
    202,
  );
  const contents = (await rig.waitFor('event', 2)).map(({ content }) => String(content)).toSorted();
  assert.deepEqual(
    contents,
    ['first', 'second'],
    'a plain binding gets the bytes, a blob that is gone nothing',
  );

  assert.equal((await post([{ eventType: 'Microsoft.Storage.BlobRenamed', data: {} }])).status, 500);
});
