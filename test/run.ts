/** `npm test [-- GROUP or part of a path …]`: formatting, linting, types, build, then every test file. */
import { existsSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { ensureBuilt, ROOT } from '../local/build/build.ts';
import { runFiles } from './runFiles.ts';
import { addTotals, type Failure, NOTHING, type Totals } from './totals.ts';

/** Groups in their order, with how many files run at once: what starts processes of its own has the machine to itself. */
const GROUPS = { unit: 2, integration: 1, faults: 1, e2e: 1, browser: 1 } as const;

const CHECKS: readonly { readonly name: string; readonly run: () => Promise<string | undefined> }[] = [
  { name: 'formatting', run: () => tool('prettier', ['--check', '--log-level', 'warn', '.']) },
  { name: 'linting', run: () => tool('oxlint', ['--type-aware', '--quiet']) },
  { name: 'types', run: () => tool('tsc', ['--noEmit']) },
  { name: 'nothing unused', run: () => tool('knip', []) },
  {
    name: 'build',
    run: () =>
      ensureBuilt().then(
        () => undefined,
        (error: Error) => error.message,
      ),
  },
];

/** @returns what it printed when it failed */
async function tool(name: string, args: readonly string[]): Promise<string | undefined> {
  const tools = join(ROOT, 'node_modules', '.bin');
  const child = spawn(join(tools, name), args, {
    cwd: ROOT,
    env: { ...process.env, PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('exit', resolve),
  );
  const [code, output, errors] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return code === 0 ? undefined : `${output}${errors}`;
}

async function runChecks(): Promise<Totals> {
  let totals = NOTHING;
  for (const { name, run } of CHECKS) {
    const started = performance.now();
    const problem = await run();
    const failures: Failure[] = problem === undefined ? [] : [{ where: name, what: '', details: problem }];
    totals = addTotals(totals, { ...NOTHING, passed: 1 - failures.length, failures });
    report(name, failures.length === 0, seconds(performance.now() - started));
  }
  return totals;
}

async function runGroup(group: string, concurrency: number, patterns: readonly string[]): Promise<Totals> {
  const files: string[] = [];
  for await (const file of glob(`test/${group}/**/*.test.ts`, { cwd: ROOT })) {
    if (patterns.length === 0 || patterns.some((part) => file.includes(part))) files.push(file);
  }
  return runFiles(ROOT, files.toSorted(), concurrency, (file, passed, durationMs) => {
    report(file, passed, seconds(durationMs));
  });
}

function report(what: string, passed: boolean, duration: string): void {
  console.log(`${passed ? '✔' : '✖'} ${what} (${duration})`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export async function main(args: readonly string[]): Promise<void> {
  const isGroup = (arg: string): boolean => arg === 'checks' || arg in GROUPS;
  const chosen = args.filter(isGroup);
  const patterns = args.filter((arg) => !isGroup(arg));
  const wants = (group: string): boolean => chosen.length === 0 || chosen.includes(group);

  let totals = NOTHING;
  if (wants('checks') && patterns.length === 0) totals = addTotals(totals, await runChecks());
  for (const [group, concurrency] of Object.entries(GROUPS)) {
    if (!wants(group) || !existsSync(join(ROOT, 'test', group))) continue;
    totals = addTotals(totals, await runGroup(group, concurrency, patterns));
  }

  for (const { where, what, details } of totals.failures) console.log(`\n✖ ${where} ${what}\n${details}`);
  const { passed, skipped, failures } = totals;
  if (passed + failures.length === 0) console.log(`\nNo test matches ${args.join(' ')}.`);
  process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;
  console.log(`\n${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
}
