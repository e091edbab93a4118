import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { runStart } from '../support/cli.ts';
import { plainExport } from '../support/healthcare.ts';
import { countTexts, cutRecords, readReceived } from '../support/received.ts';

const RECORDS = 20_000;

let folder = '';
let file = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ehr-blocked-'));
  file = path.join(folder, 'audit.csv');
  await writeFile(file, plainExport(RECORDS));
});
after(() => rm(folder, { recursive: true, force: true }));

test('a 403 from the start ends the run with its causes after a few requests; the next start with the cure finishes', async () => {
  const out = path.join(folder, 'out');
  const received = path.join(folder, 'received');
  const args = [
    '--out',
    out,
    '--received',
    received,
    '--chunk-records',
    '1000',
    '--records-per-request',
    '100',
    file,
  ];

  const blocked = await runStart(['--faults', '403', ...args]);
  assert.equal(blocked.code, 1, blocked.stdout + blocked.stderr);
  assert.ok(blocked.result.seconds < 60, `it took ${blocked.result.seconds} s`);
  const [refused] = blocked.result.exports;
  const reasons = refused?.reasons.join(' ') ?? '';
  for (const words of [/403/, /APP_ID/, /JOB_ID/, /tenant/, /CLOUD/]) assert.match(reasons, words);
  assert.deepEqual(await readReceived(received), []);
  assert.ok(requestsIn(await readFile(path.join(out, 'ledger.json'), 'utf8')) < 60);

  const cured = await runStart(args);
  assert.equal(cured.code, 0, cured.stdout + cured.stderr);
  const [result] = cured.result.exports;
  assert.deepEqual(
    { state: result?.state, accepted: result?.accepted, possiblyDuplicated: result?.possiblyDuplicated },
    { state: 'completed', accepted: RECORDS, possiblyDuplicated: 0 },
  );
  const [, ...issued] = cutRecords(plainExport(RECORDS));
  const bodies = await readReceived(received);
  assert.deepEqual(countTexts(bodies.flatMap(({ records }) => records)), countTexts(issued));
});

/** Requests that the ledger counted, of all chunks. */
function requestsIn(ledger: string): number {
  const { chunks } = JSON.parse(ledger) as { chunks: readonly { requests?: number }[] };
  assert.ok(chunks.length > 0);
  return chunks.reduce((sum, { requests = 0 }) => sum + requests, 0);
}
