import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startSimulator } from '../../../local/simulator/simulator.ts';
import { spawnSimulator } from '../../../local/simulator/spawn.ts';
import type { Simulator, SimulatorOptions } from '../../../local/simulator/types.ts';
import { multipartFrame } from '../../../shared/connector/frame.ts';

const TOKEN = 'fixed-token';
const RECORDS = 'Creation Time,Event Name\r\n2026-01-01,Open\r\n2026-01-02,"a\r\nb"\r\n';
const { contentType, head, tail } = multipartFrame('boundary');
const running: Simulator[] = [];
const folders: string[] = [];
after(async () => {
  await Promise.all(running.map((simulator) => simulator.close()));
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
});

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ token: TOKEN, ...options });
  running.push(simulator);
  return simulator;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'simulator-'));
  folders.push(path);
  return path;
}

const post = (
  { url, jobId }: Pick<Simulator, 'url' | 'jobId'>,
  records = RECORDS,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${url}/api/signals?jobid=${jobId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': contentType, ...headers },
    body: Buffer.concat([head, Buffer.from(records), tail]),
  });

describe('the connector API', () => {
  test('saves the records of a good request, and writes them down as received before it answers', async () => {
    const receivedFolder = await folder();
    const simulator = await start({ receivedFolder, digests: true });

    for (let n = 1; n <= 2; n += 1) {
      const response = await post(simulator);
      assert.deepEqual([response.status, await response.json()], [200, { RecordsSaved: 2 }]);
      assert.equal(await readFile(join(receivedFolder, simulator.jobId, `${n}.txt`), 'utf8'), RECORDS);
    }

    const [first, second] = await simulator.log();
    assert.equal(first?.file, '1.txt');
    assert.equal(first?.sha256, second?.sha256);
    assert.deepEqual([first?.accepted, first?.records, first?.bytes], [true, 2, RECORDS.length]);
  });

  test('goes on numbering where an earlier run left off', async () => {
    const receivedFolder = await folder();
    await post(await start({ receivedFolder }));
    const simulator = await start({ receivedFolder });
    await post(simulator);
    assert.deepEqual((await readdir(join(receivedFolder, simulator.jobId))).sort(), ['1.txt', '2.txt']);
  });

  const REFUSED: readonly [string, number, (simulator: Simulator) => Promise<Response>][] = [
    ['no token', 401, (simulator) => post(simulator, RECORDS, { authorization: '' })],
    [
      'a token of another issuer',
      401,
      (simulator) => post(simulator, RECORDS, { authorization: 'Bearer other' }),
    ],
    ['an unknown job', 404, ({ url }) => post({ url, jobId: 'unknown' })],
    ['the job of another app', 403, ({ url }) => post({ url, jobId: 'foreign' })],
    ['no multipart form', 400, (simulator) => post(simulator, RECORDS, { 'content-type': 'text/csv' })],
    ['no header line', 400, (simulator) => post(simulator, 'one column\n1\n')],
    ['a column name given twice', 400, (simulator) => post(simulator, 'Name,name\n1,2\n')],
    ['too many records', 400, (simulator) => post(simulator, `a,b\n${'1,2\n'.repeat(4)}`)],
    ['another path', 404, ({ url }) => fetch(`${url}/api/other`, { method: 'POST' })],
  ];
  test('refuses what the service would refuse', async () => {
    const simulator = await start({
      jobs: [{ jobId: 'mine' }, { jobId: 'foreign', appId: 'other' }],
      maxRecords: 3,
    });
    for (const [what, status, request] of REFUSED)
      assert.equal((await request(simulator)).status, status, what);
    assert.equal(
      (await simulator.log()).some(({ accepted }) => accepted),
      false,
    );
  });

  test('expires tokens on request', async () => {
    const simulator = await start();
    await simulator.expireTokens();
    assert.equal((await post(simulator)).status, 401);
  });

  test('answers wrongly by rule, and the journal says which', async () => {
    const simulator = await start({ faults: '429@1:retry-after=2,500@2:accepted,fewer@3:by=1,307@4' });

    const answers = [];
    for (let i = 0; i < 5; i += 1) answers.push(await fetchQuietly(simulator));

    assert.deepEqual(answers, ['429 2', '500 -', '200 -', '307 -', '200 -']);
    assert.deepEqual(
      (await simulator.log()).map(({ accepted, fault, recordsSaved }) => [accepted, fault, recordsSaved]),
      [
        [false, '429@1:retry-after=2', undefined],
        [true, '500@2:accepted', undefined],
        [true, 'fewer@3:by=1', 1],
        [false, '307@4', undefined],
        [true, undefined, 2],
      ],
    );
  });

  test('resets before and after it accepts', async () => {
    const simulator = await start({ faults: 'down@1,reset-early@2,reset-before@3,reset-after@4,cut@5' });
    for (let i = 0; i < 4; i += 1) await assert.rejects(post(simulator));
    await assert.rejects(post(simulator).then((response) => response.text()));
    assert.deepEqual(
      (await simulator.log()).map(({ number, accepted }) => [number, accepted]),
      [
        [1, false],
        [2, false],
        [3, false],
        [4, true],
        [5, true],
      ],
    );
  });

  test('takes its time', async () => {
    const simulator = await start({ latencyMs: 50 });
    await post(simulator);
    const [entry] = await simulator.log();
    assert.ok((entry?.endedAt ?? 0) - (entry?.at ?? 0) >= 49);
  });

  test('listens on loopback alone', async () => {
    const { url, authority } = await start();
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.match(authority, /^https:\/\/127\.0\.0\.1:\d+$/);
  });
});

const fetchQuietly = async ({ url, jobId }: Simulator): Promise<string> => {
  const response = await fetch(`${url}/api/signals?jobid=${jobId}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': contentType },
    body: Buffer.concat([head, Buffer.from(RECORDS), tail]),
  });
  await response.arrayBuffer();
  return `${response.status} ${response.headers.get('retry-after') ?? '-'}`;
};

describe('in a process of its own', () => {
  test('does the same, and ends when told', async () => {
    const simulator = await spawnSimulator({ token: TOKEN });
    assert.equal((await post(simulator)).status, 200);
    await simulator.setFaults('503');
    assert.equal((await post(simulator)).status, 503);
    assert.deepEqual(
      (await simulator.log()).map(({ status }) => status),
      [200, 503],
    );
    await assert.rejects(simulator.setFaults('nonsense'), /no kind of fault/);
    await simulator.close();
    await assert.rejects(post(simulator));
  });

  test('says why it does not start', async () => {
    await assert.rejects(spawnSimulator({ faults: 'nonsense' }), /no kind of fault/);
  });
});
