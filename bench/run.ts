import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { cold } from './cold.ts';
import { A_DAY, costTable, PRICES, withChanges } from './cost.ts';
import { instances } from './instances.ts';
import { latency } from './latency.ts';
import { pipeline } from './pipeline.ts';
import { publish, published } from './publish.ts';
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

/**
 * `npm run bench -- [NAME…] [--full] [--json] [--publish]`: the short form takes two minutes or three; `--full` measures what
 * docs/performance.md shows, and `--publish` puts it there. `npm run bench -- cost [--set NAME=VALUE]…` makes the cost sheet of
 * what was published, with other prices or another day.
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
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  if (positionals[0] === 'cost') {
    const { day, prices } = withChanges(A_DAY, PRICES, values.set);
    console.log(costTable(await published(), day, prices));
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
  if (values.publish) await publish(report, Object.keys(BENCHES));
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
