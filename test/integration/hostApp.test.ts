import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { BlobServiceClient } from '@azure/storage-blob';
import { HostRig } from '../support/hostRig.ts';

let rig: HostRig;
before(async () => {
  rig = await HostRig.create('recorder');
});
after(() => rig.stop());
afterEach(() => rig.reset());

test('an HTTP function gets route, query and body, and answers with status, headers and body', async () => {
  const { port } = await rig.start();
  const url = `http://127.0.0.1:${port}/api/echo/some%20thing?q=1`;
  const answer = await fetch(url, { method: 'POST', body: 'hello' });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('x-method'), 'POST');
  assert.deepEqual(await answer.json(), { params: { what: 'some thing' }, query: '1', body: 'hello' });
  assert.equal((await fetch(url)).status, 404, 'another method');
  assert.equal((await fetch(`http://127.0.0.1:${port}/api/nothing`)).status, 404);
});

test('a timer fires by its schedule, in one of two processes', async () => {
  await Promise.all([rig.start(), rig.start()]);
  const ticks = await rig.waitFor('tick', 3);
  assert.equal(new Set(ticks.map(({ pid }) => pid)).size, 1);
  assert.ok(ticks.every(({ pastDue }) => pastDue === false));
});

test('a run missed while nothing was up is made up for, once, and marked', async () => {
  const service = BlobServiceClient.fromConnectionString(rig.storage.connectionString);
  const host = service.getContainerClient('azure-webjobs-hosts');
  await host.createIfNotExists();
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  const status = JSON.stringify({ Last: yesterday, Next: yesterday, LastUpdated: yesterday });
  await host
    .getBlockBlobClient('timers/local/Host.Functions.hourly/status')
    .upload(status, Buffer.byteLength(status));
  const first = await rig.start();
  const [missed] = await rig.waitFor('hourly');
  assert.equal(missed?.['pastDue'], true);
  await first.stop();
  const { pid } = await rig.start();
  await rig.waitFor('tick', 2, (tick) => tick.pid === pid);
  assert.equal((await rig.records('hourly')).length, 1);
});

test('a function runs at once when it is told to, and a disabled one is not there', async () => {
  const { port } = await rig.start({ settings: { 'AzureWebJobs.echo.Disabled': 'true' } });
  const run = (name: string) =>
    fetch(`http://127.0.0.1:${port}/admin/functions/${name}`, {
      method: 'POST',
      body: '{"input":"{\\"n\\":7}"}',
    });
  assert.equal((await run('work')).status, 202);
  const [call] = await rig.waitFor('queue');
  assert.deepEqual(call?.['message'], { n: 7 });
  assert.equal((await run('echo')).status, 404);
});

test('the app is told of its start and its end, and its peak of memory is known', async () => {
  const functions = await rig.start();
  await rig.waitFor('tick');
  await functions.stop();
  assert.deepEqual(
    (await rig.records()).flatMap(({ kind }) => (kind === 'start' || kind === 'terminate' ? [kind] : [])),
    ['start', 'terminate'],
  );
  assert.ok(functions.peakRssMb > 30 && functions.peakRssMb < 200, `${functions.peakRssMb} MiB`);
  assert.equal(functions.restarts, 0);
});

test('a setting that is missing ends the start with its name and the function that needs it', async () => {
  await assert.rejects(
    rig.start({ settings: { WORK_QUEUE: '' } }),
    /Function work needs the app setting WORK_QUEUE/,
  );
});
