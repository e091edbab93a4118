import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { ROOT } from '../local/build/build.ts';
import { drawChart } from './chart.ts';
import { A_DAY, costTable, PRICES } from './cost.ts';
import { markdownOf } from './support/print.ts';
import type { BenchReport, BenchResult } from './support/types.ts';

const DOCS = path.join(ROOT, 'docs');
const REPORT = path.join(DOCS, 'performance.json');
const CHART = path.join(DOCS, 'images', 'performance.svg');

/** The last figures that were published. */
export async function published(): Promise<BenchReport> {
  return JSON.parse(await readFile(REPORT, 'utf8')) as BenchReport;
}

/**
 * Put results beside those of other benchmarks that were published before, and make chart and pages anew.
 * @param order names of all benchmarks, in the order in which they are shown
 */
export async function publish(report: BenchReport, order: readonly string[]): Promise<void> {
  const before = await published().catch(() => undefined);
  const all = [...(before?.results ?? []), ...report.results];
  const results = order.flatMap((name) => all.findLast((each) => each.name === name) ?? []);
  const merged = { ...report, results };
  await writeFile(REPORT, `${JSON.stringify(merged, undefined, 2)}\n`);
  for (const { file, text } of await publishedFiles(merged)) await writeFile(file, text);
}

/** The files of the documentation that are made of a report, and what each must hold. */
export async function publishedFiles(
  report: BenchReport,
): Promise<readonly { readonly file: string; readonly text: string }[]> {
  return [
    { file: CHART, text: drawChart(report) },
    await page(path.join(DOCS, 'performance.md'), measured(report)),
    await page(path.join(DOCS, 'cost.md'), costTable(report, A_DAY, PRICES)),
    await page(path.join(ROOT, 'README.md'), inShort(report)),
  ];
}

function measured({ at, node, machine, results }: BenchReport): string {
  const { cores, model, memoryGib } = machine;
  const where = `${at.slice(0, 10)}, Node ${node.slice(1)}, ${String(cores)} cores (${model}), ${String(memoryGib)} GiB.`;
  return [where, ...results.map((result: BenchResult) => markdownOf(result))].join('\n\n');
}

/** What is aimed at, and what was measured of it. */
function inShort({ results }: BenchReport): string {
  const rows = results.flatMap(({ verdicts }) =>
    verdicts.map(({ what, value, least, most }) => {
      const aim = least === undefined ? `at most ${String(most)}` : `at least ${String(least)}`;
      return `| ${what} | ${value.toLocaleString('en-US')} | ${aim} |`;
    }),
  );
  return ['|  | measured | aimed at |', '| --- | --: | --: |', ...rows].join('\n');
}

const BEGIN = '<!-- measured: written by npm run bench -- --publish -->';
const END = '<!-- /measured -->';

/** A page with the part between its two marks replaced. @throws {Error} when it has no such marks */
async function page(file: string, part: string): Promise<{ file: string; text: string }> {
  const old = await readFile(file, 'utf8');
  const from = old.indexOf(BEGIN);
  const to = old.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${file} has no marks between which figures are put.`);
  const text = `${old.slice(0, from)}${BEGIN}\n\n${part}\n\n${old.slice(to)}`;
  return { file, text: await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }) };
}
