import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cold } from './cold.ts';
import { instances } from './instances.ts';
import { latency } from './latency.ts';
import { pipeline } from './pipeline.ts';
import { scale } from './scale.ts';
import { scan } from './scan.ts';
import { WORK_FOLDER } from './support/exportFile.ts';
import { printed } from './support/print.ts';
import type { Bench, BenchResult } from './support/types.ts';
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

/** Everything of a run, as `--json` prints it. */
export type BenchReport = {
  /** UTC. */
  readonly at: string;
  readonly node: string;
  readonly machine: { readonly cores: number; readonly model: string; readonly memoryGib: number };
  readonly full: boolean;
  readonly results: readonly BenchResult[];
};

/**
 * `npm run bench -- [NAME…] [--full] [--json]`: the short form takes two minutes or three; `--full` measures what docs/performance.md shows.
 * A figure that misses its aim fails nothing: machines differ. The report is also kept in `.local/bench/`.
 */
export async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { full: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const unknown = positionals.filter((name) => !(name in BENCHES));
  if (unknown.length > 0) {
    throw new Error(
      `There is no benchmark "${unknown.join('", "')}". There are: ${Object.keys(BENCHES).join(', ')}.`,
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
  await mkdir(WORK_FOLDER, { recursive: true });
  await writeFile(path.join(WORK_FOLDER, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  if (values.json) console.log(JSON.stringify(report));
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
