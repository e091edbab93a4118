import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { startStack, type Stack } from '../../local/cli/stack.ts';
import { Uploads } from '../../local/cli/uploads.ts';
import { FINAL_EXPORT_STATES } from '../../shared/ledger/model.ts';
import type { DayStatus } from '../../shared/report/types.ts';
import { accessibilityFaults, launchBrowser, openPage, withoutBrowser } from '../support/browser.ts';
import { plainExport } from '../support/healthcare.ts';
import { readReceived } from '../support/received.ts';

const RECORDS = 500;
const BAD_EVERY = 25;
const DEADLINE_MS = 60_000;

let browser: Browser | undefined;
let folder = '';
let stack: Stack;
let url = '';

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'live-page-'));
  const options = { out: path.join(folder, 'out'), received: path.join(folder, 'received') };
  const run = { connector: 'healthcare', latency: 0, seed: 7, chunkRecords: 100, recordsPerRequest: 20 };
  stack = await startStack({ ...options, ...run, faults: '503:10%,429:5%' }, () => undefined);
  url = `http://127.0.0.1:${String(stack.functions.port)}/api/status`;
  const file = path.join(folder, 'live.csv');
  const bad = (number: number): Record<string, string> =>
    number % BAD_EVERY === 0 ? { 'Patient City': '' } : {};
  const text = plainExport(RECORDS, bad);
  await writeFile(file, text);
  const uploads = new Uploads(stack.connectionString, stack.ledger, 'healthcare');
  const { exportId } = await uploads.put({ file, name: 'live.csv', bytes: text.length }, false);
  const until = Date.now() + DEADLINE_MS;
  for (;;) {
    const view = await stack.ledger.export('healthcare', exportId);
    if (view && FINAL_EXPORT_STATES.has(view.row.state)) break;
    assert.ok(Date.now() < until, 'the export did not end');
    await delay(50);
  }
  if (!withoutBrowser) browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

test('its figures are those of the file sent and of the bodies received', async () => {
  const response = await fetch(`${url}?format=json`);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const status = (await response.json()) as DayStatus;
  const received = (await readReceived(path.join(folder, 'received'))).flatMap(({ records }) => records);
  const [connector] = status.connectors;
  assert.deepEqual(
    [connector?.records, connector?.accepted, connector?.quarantined, connector?.toDo],
    [RECORDS, received.length, RECORDS / BAD_EVERY, 0],
  );
  const journal = await stack.simulator?.log();
  const requests = journal?.filter(({ kind }) => kind === 'signal') ?? [];
  assert.equal(connector?.requests, requests.length);
  assert.equal(connector?.retries, requests.filter(({ accepted }) => !accepted).length);
});

test('it reloads by itself only for those who ask', async () => {
  const textOf = async (query: string): Promise<string> => (await fetch(`${url}${query}`)).text();
  assert.doesNotMatch(await textOf(''), /http-equiv="refresh"/);
  assert.match(await textOf('?refresh=30'), /http-equiv="refresh" content="30"/);
  for (const query of ['?refresh=0', '?refresh=x', '?refresh=1e9', '?refresh='])
    assert.doesNotMatch(await textOf(query), /http-equiv="refresh"/);
});

test('it is read only, and guarded against being framed or sniffed', async () => {
  const { headers } = await fetch(url);
  assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/);
  assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal((await fetch(url, { method: 'POST' })).ok, false);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(
    `in a browser it shows the day and asks for nothing else, ${colorScheme}`,
    { skip: withoutBrowser },
    async () => {
      assert.ok(browser);
      const { page, complaints, requests } = await openPage(browser, url, { colorScheme });
      assert.match(await page.locator('.verdict').innerText(), /In order, with remarks/);
      assert.match(await page.locator('.attention').innerText(), /20 of 500 records lie in quarantine/);
      assert.match(await page.getByRole('table').first().innerText(), /healthcare\/live\.csv/);
      assert.deepEqual(requests, [url]);
      assert.deepEqual(complaints, []);
      assert.deepEqual(await accessibilityFaults(page), []);
    },
  );
}
