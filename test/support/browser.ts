import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { PROJECT } from './cli.ts';

/** Where systems keep Chromium; CHROMIUM names another. */
const PLACES = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The system's browser, undefined when there is none. */
const browserPath: string | undefined = PLACES.find((place) => place !== '' && existsSync(place));

/** Why tests that need a browser are skipped; false when they are not. */
export const withoutBrowser: string | false =
  browserPath === undefined ? 'no Chromium on this machine; name one in CHROMIUM' : false;

/** Start the system's Chromium: no network of its own. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(browserPath === undefined ? {} : { executablePath: browserPath }),
    args: ['--disable-quic', '--no-sandbox', '--disable-gpu'],
  });

/** A page under watch: what it complained about, and what it asked for beyond itself. */
export type WatchedPage = { readonly page: Page; readonly complaints: string[]; readonly requests: string[] };

/** Open a page in a context of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => void complaints.push(message.text()));
  page.on('pageerror', (error) => void complaints.push(error.message));
  page.on('request', (request) => void requests.push(request.url()));
  await page.goto(url);
  return { page, complaints, requests };
}

type Violation = { readonly id: string; readonly nodes: readonly { readonly html: string }[] };

/** What axe-core finds against WCAG 2.2 A and AA, one line a violation. Run from outside the page: its policy lets no script in. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const source = await readFile(
    createRequire(path.join(PROJECT, 'package.json')).resolve('axe-core'),
    'utf8',
  );
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setBypassCSP', { enabled: true });
  await page.evaluate(source);
  const violations = (await page.evaluate(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((result) => result.violations)`,
  )) as Violation[];
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
  );
}
