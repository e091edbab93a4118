import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../local/build/build.ts';
import { drawChart } from './chart.ts';
import { cold } from './cold.ts';
import { A_DAY, costTable, PRICES } from './cost.ts';
import { instances } from './instances.ts';
import { latency } from './latency.ts';
import { pipeline } from './pipeline.ts';
import { scale } from './scale.ts';
import { scan } from './scan.ts';
import { printed } from './support/print.ts';
import type { Bench, BenchReport, BenchResult } from './support/types.ts';
import { validate } from './validate.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  scan,
  validate,
  pipeline,
  latency,
  scale,
  instances,
  cold,
};

const PUBLISHED = path.join(ROOT, 'docs', 'performance.json');
const CHART = path.join(ROOT, 'docs', 'images', 'performance.svg');

/**
 * `npm run bench -- [NAME…] [--full] [--json] [--publish]`: the short form takes two minutes or three; `--full` measures what
 * docs/performance.md shows, and `--publish` puts it there. `npm run bench -- cost` makes the cost sheet of what was published.
 * A figure that misses its aim fails nothing: machines differ.
 */
export async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      full: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
    },
  });
  if (positionals[0] === 'cost') {
    console.log(costTable(await published(), A_DAY, PRICES));
    return;
  }
  const unknown = positionals.filter((name) => !(name in BENCHES));
  if (unknown.length > 0) {
    throw new Error(
      `There is no benchmark "${unknown.join('", "')}". There are: ${Object.keys(BENCHES).join(', ')}, and cost.`,
    );
  }
  const results: BenchResult[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const result = await bench({ full: values.full });
    results.push(result);
    if (!values.json) console.log(printed(result));
  }
  const report = reportOf(results, values.full);
  if (values.publish) await publish(report);
  if (values.json) console.log(JSON.stringify(report));
}

async function published(): Promise<BenchReport> {
  return JSON.parse(await readFile(PUBLISHED, 'utf8')) as BenchReport;
}

/** Put results beside those of other benchmarks that were published before, and draw the chart anew. */
async function publish(report: BenchReport): Promise<void> {
  const before = await published().catch(() => undefined);
  const all = [...(before?.results ?? []), ...report.results];
  const results = Object.keys(BENCHES).flatMap((name) => all.findLast((each) => each.name === name) ?? []);
  const merged = { ...report, results };
  await writeFile(PUBLISHED, `${JSON.stringify(merged, undefined, 2)}\n`);
  await writeFile(CHART, drawChart(merged));
}

function reportOf(results: readonly BenchResult[], full: boolean): BenchReport {
  const [first] = cpus();
  const machine = {
    cores: cpus().length,
    model: first?.model ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
  };
  return { at: new Date().toISOString(), node: process.version, machine, full, results };
}
