import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { reportDailyStatus } from '../../shared/report/dailyStatus.ts';
import { accessibilityFaults, launchBrowser, openPage, withoutBrowser } from '../support/browser.ts';
import { PROJECT } from '../support/cli.ts';
import { reportWorld } from '../support/report.ts';
import { eventfulMonth } from '../support/statusWorld.ts';

const DESKTOP: BrowserContextOptions = { viewport: { width: 1200, height: 900 }, colorScheme: 'light' };
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};
const A4_WIDTH_PT = 595;

const options = { skip: withoutBrowser };
let browser: Browser;
let folder = '';
let url = '';

before(async () => {
  if (withoutBrowser) return;
  folder = await mkdtemp(path.join(tmpdir(), 'status-page-'));
  const world = await eventfulMonth();
  const file = path.join(folder, 'latest.html');
  await writeFile(file, await world.readStatus('latest.html'));
  url = pathToFileURL(file).href;
  browser = await launchBrowser();
});
after(async () => {
  await (browser as Browser | undefined)?.close();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

/** Pictures of the README are written anew when asked for. */
async function picture(name: string, bytes: Buffer): Promise<void> {
  if (process.env['UPDATE_IMAGES'] !== '1') return;
  await mkdir(path.join(PROJECT, 'docs/images'), { recursive: true });
  await writeFile(path.join(PROJECT, 'docs/images', name), bytes);
}

test(
  'the report says first what needs attention and how to cure it, then shows each export',
  options,
  async () => {
    const { page, complaints, requests } = await openPage(browser, url, DESKTOP);
    assert.match(await page.title(), /2026-11-22/);
    assert.match((await page.locator('.verdict').textContent()) ?? '', /Action needed\./);
    const attention = await page.locator('.attention li').allTextContents();
    assert.match(attention[0] ?? '', /alert/);
    assert.ok(attention.some((text) => /HTTP_403:.*Cure:.*Purview portal/s.test(text)));
    assert.ok(attention.some((text) => /NO_EXPORT_ARRIVED/.test(text)));
    assert.ok(attention.some((text) => /MISSING_COLUMN/.test(text)));
    assert.equal(await page.locator('svg.days').count(), 2);
    assert.equal(
      await page.locator('svg.days .gap').count(),
      3,
      'a day without any export, and none of one today',
    );
    const table = page.getByRole('table', { name: 'Exports of healthcare, 2026-11-22' });
    assert.match(await table.innerText(), /audit-2026-11-22\.csv/);
    assert.match(await table.innerText(), /24 delivered, 2 waiting|2 waiting/);
    assert.deepEqual(complaints, []);
    assert.deepEqual(requests, [url], 'nothing but the page itself is asked for');
  },
);

test('a hostile name is text, not markup', options, async () => {
  const world = reportWorld();
  const blobName = 'healthcare/<img src=x onerror=alert(1)></title><script>alert(2)</script>\u202E.csv';
  await world.addExport({
    exportId: 'e'.repeat(32),
    blobName,
    state: 'completed',
    arrivedAt: '2026-11-22T05:00:00.000Z',
  });
  await reportDailyStatus(world);
  const file = path.join(folder, 'hostile.html');
  await writeFile(file, await world.readStatus('latest.html'));
  const { page, complaints, requests } = await openPage(browser, pathToFileURL(file).href);
  assert.equal(await page.locator('img, script').count(), 0);
  assert.match(await page.getByRole('table').first().innerText(), /<img src=x onerror=alert\(1\)>.*\uFFFD/su);
  assert.deepEqual([complaints, requests.length], [[], 1]);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`contrast and labels hold, ${colorScheme}`, options, async () => {
    const { page } = await openPage(browser, url, { ...DESKTOP, colorScheme });
    await picture(`status-${colorScheme}.png`, await page.screenshot({ fullPage: true }));
    await page
      .locator('details')
      .first()
      .evaluate((details) => details.setAttribute('open', ''));
    assert.deepEqual(await accessibilityFaults(page), []);
  });
}

test('on a phone nothing is cut off or scrolls sideways', options, async () => {
  const { page } = await openPage(browser, url, PHONE);
  await picture('status-phone.png', await page.screenshot());
  const [content, view] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )) as [number, number];
  assert.ok(content <= view, `the page is ${content} wide in a view of ${view}`);
  assert.deepEqual(await accessibilityFaults(page), []);
});

test('printed on A4 it is light, and nothing is lost at the edge', options, async () => {
  const { page } = await openPage(browser, url, { ...DESKTOP, colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: Math.floor((A4_WIDTH_PT - 80) * (96 / 72)), height: 900 });
  const background = (await page.evaluate('getComputedStyle(document.body).backgroundColor')) as string;
  assert.equal(background, 'rgb(255, 255, 255)');
  const [content, view] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )) as [number, number];
  assert.ok(content <= view, `${content} wide on a sheet of ${view}`);
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
});
