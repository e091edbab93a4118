import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { runStart } from '../support/cli.ts';
import { plainExport } from '../support/healthcare.ts';
import { startIngestion, type Envelope, type Ingestion } from '../support/ingestion.ts';

let folder = '';
let ingestion: Ingestion;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'telemetry-'));
  ingestion = await startIngestion();
});
after(async () => {
  await ingestion.close();
  await rm(folder, { recursive: true, force: true });
});

const ofType = (type: string): Envelope[] =>
  ingestion.envelopes().filter(({ data }) => data.baseType === type);
const operationOf = ({ tags }: Envelope): string => tags?.['ai.operation.id'] ?? '';
const nameOf = ({ data }: Envelope): unknown => data.baseData['name'];
const withName = (type: string, name: string): Envelope[] =>
  ofType(type).filter((envelope) => nameOf(envelope) === name);

/** Sum of a metric's values, by one of its dimensions. */
function sums(metric: string, dimension: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { data } of ofType('MetricData')) {
    for (const { name, value } of data.baseData['metrics'] as { name: string; value: number }[]) {
      const key = data.baseData.properties?.[dimension] ?? '';
      if (name === metric) found[key] = (found[key] ?? 0) + value;
    }
  }
  return found;
}

test('one trace leads from the event of the blob over the queue to each request; figures equal what happened', async () => {
  const file = path.join(folder, 'traced.csv');
  const bad = (number: number): Record<string, string> => (number % 50 === 0 ? { 'Patient City': '' } : {});
  await writeFile(file, plainExport(400, bad));
  const out = path.join(folder, 'out');
  const options = ['--chunk-records', '100', '--records-per-request', '50', '--faults', '503@2-3'];
  const run = await runStart(['--out', out, ...options, file], ingestion.settings);
  assert.equal(run.code, 2, run.stdout + run.stderr);

  const events = ofType('MessageData').map(({ data }) => data.baseData['message']);
  for (const event of [
    'export.received',
    'export.queued',
    'chunk.settled',
    'export.ended',
    'records.refused',
  ])
    assert.ok(events.includes(event), `${event} among ${events.join(' ')}`);
  const ended = ofType('MessageData').find(({ data }) => data.baseData['message'] === 'export.ended');
  assert.ok(ended);
  const trace = operationOf(ended);

  const pushes = withName('RequestData', 'chunk.push').filter((each) => operationOf(each) === trace);
  assert.equal(pushes.length, 4, 'a consumer span for each chunk');
  const posts = withName('RemoteDependencyData', 'connector.post');
  assert.deepEqual(new Set(posts.map(operationOf)), new Set([trace]));
  assert.equal(posts.length, 8 + 2);
  const failed = posts.filter(({ data }) => data.baseData['success'] === false);
  assert.deepEqual(
    failed.map(({ data }) => data.baseData.properties?.['code']),
    ['HTTP_503', 'HTTP_503'],
    'failures are kept, whatever the sampling',
  );
  assert.ok(failed.every(({ data }) => data.baseData.properties?.['status'] === '503'));

  assert.deepEqual(sums('records.accepted', 'connector'), { healthcare: 392 });
  assert.deepEqual(sums('records.refused', 'connector'), { healthcare: 8 });
  assert.deepEqual(sums('requests', 'code'), { HTTP_200: 8, HTTP_503: 2 });
  for (const metric of ['batches.inFlight', 'pace.limit', 'export.lag', 'request.duration'])
    assert.ok((sums(metric, 'connector')['healthcare'] ?? 0) > 0, metric);
});

test('nothing is told but by us: no address, no query, no span of a library', () => {
  const text = ingestion
    .envelopes()
    .map((envelope) => JSON.stringify(envelope.data))
    .join('\n');
  assert.doesNotMatch(text, /https?:|jobid|Bearer|devstoreaccount|unlisted/);
  const names = new Set([...ofType('RequestData'), ...ofType('RemoteDependencyData')].map(nameOf));
  for (const name of names)
    assert.match(String(name), /^(?:export\.receive|chunk\.push|ledger\.sweep|connector\.post)$/);
});
