import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { QueueServiceClient, type QueueClient } from '@azure/storage-queue';
import { HostRig } from '../support/hostRig.ts';

let rig: HostRig;
let queues = 0;
before(async () => {
  rig = await HostRig.create('recorder');
});
after(() => rig.stop());
afterEach(() => rig.reset());

/** A queue of its own for each test. */
async function newQueue(): Promise<QueueClient> {
  queues += 1;
  const queue = QueueServiceClient.fromConnectionString(rig.storage.connectionString).getQueueClient(
    `work-${queues}`,
  );
  await queue.create();
  return queue;
}

function settingsFor(queue: QueueClient): { settings: Record<string, string> } {
  return { settings: { WORK_QUEUE: queue.name, 'AzureWebJobs.tick.Disabled': 'true' } };
}

async function send(queue: QueueClient, message: object): Promise<void> {
  await queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
}

async function emptied(queue: QueueClient): Promise<void> {
  for (;;) {
    const { approximateMessagesCount } = await queue.getProperties();
    if (approximateMessagesCount === 0) return;
  }
}

test('a message is parsed, handled once, shown its metadata, and deleted', async () => {
  const queue = await newQueue();
  await rig.start(settingsFor(queue));
  await send(queue, { n: 1 });
  await rig.waitFor('queueDone');
  await emptied(queue);
  const [call] = await rig.records('queue');
  assert.deepEqual(call?.['message'], { n: 1 });
  assert.equal(call?.['count'], 1);
  assert.match(String(call?.['id']), /^[0-9a-f-]{36}$/);
  assert.deepEqual(
    (await rig.waitFor('hooks')).map(({ prepared, failed }) => ({ prepared, failed })),
    [{ prepared: true, failed: false }],
  );
});

test('a property named id hides the id of the message, as in Azure', async () => {
  const queue = await newQueue();
  await rig.start(settingsFor(queue));
  await send(queue, { id: 'mine' });
  const [call] = await rig.waitFor('queue');
  assert.equal(call?.['id'], 'mine');
});

test('a message that fails is tried again after its pause, then lies in the poison queue as it was', async () => {
  const queue = await newQueue();
  await rig.start(settingsFor(queue));
  await send(queue, { run: 'fail' });
  const [poisoned] = await rig.waitFor('poison');
  assert.deepEqual(poisoned?.['message'], { run: 'fail' });
  assert.deepEqual(
    (await rig.records('queue')).map(({ count }) => count),
    [1, 2, 3],
  );
  await emptied(queue);
});

test('no more run at once than the batch and its threshold allow', async () => {
  const queue = await newQueue();
  for (let n = 0; n < 8; n++) await send(queue, { run: 'wait', ms: 150 + 70 * n, n });
  await rig.start(settingsFor(queue));
  await rig.waitFor('queueDone', 8);
  let running = 0;
  let most = 0;
  for (const { kind } of await rig.records()) {
    running += kind === 'queue' ? 1 : kind === 'queueDone' ? -1 : 0;
    most = Math.max(most, running);
  }
  assert.equal(most, 3, 'batchSize 2 + newBatchThreshold 1');
});

test('a function that takes longer than the invisibility keeps its message', async () => {
  const queue = await newQueue();
  await rig.start(settingsFor(queue));
  await send(queue, { run: 'wait', ms: 4_500 });
  await rig.waitFor('queueDone');
  await emptied(queue);
  assert.equal((await rig.records('queue')).length, 1);
});

test('a process killed at work starts again, and the message comes back to it', async () => {
  const queue = await newQueue();
  const functions = await rig.start(settingsFor(queue));
  await send(queue, { run: 'hang' });
  const [first] = await rig.waitFor('queue');
  process.kill(Number(first?.pid), 'SIGKILL');
  const [, second] = await rig.waitFor('queue', 2);
  assert.equal(second?.['count'], 2);
  assert.notEqual(second?.pid, first?.pid);
  assert.equal(functions.restarts, 1);
  assert.equal(functions.pid, second?.pid);
  await functions.kill();
});

test('two processes share a queue, and each message is handled by one', async () => {
  const queue = await newQueue();
  await Promise.all([rig.start(settingsFor(queue)), rig.start(settingsFor(queue))]);
  for (let n = 0; n < 12; n++) await send(queue, { run: 'wait', ms: 150, n });
  const done = await rig.waitFor('queueDone', 12);
  await emptied(queue);
  assert.equal(new Set(done.map(({ message }) => (message as { n: number }).n)).size, 12);
  assert.equal((await rig.records('queue')).length, 12);
  assert.equal(new Set(done.map(({ pid }) => pid)).size, 2);
});
