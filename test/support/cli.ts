import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunResult } from '../../local/cli/summary.ts';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const LAUNCHER = path.join(PROJECT, 'local/cli/run.mjs');

export type CliRun = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type RunningCli = {
  readonly child: ChildProcess;
  readonly done: Promise<CliRun>;
  stdout(): string;
  stderr(): string;
};

/** Start a command of the command line as a user would, as a process of its own. */
export function startCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCli {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: PROJECT,
    env: { ...process.env, ...env, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, done, stdout: () => stdout, stderr: () => stderr };
}

/** Run a command to its end. */
export const runCli = (args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CliRun> =>
  startCli(args, env).done;

/** Run `start --json` to its end and read the object on its last line. */
export async function runStart(
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<CliRun & { readonly result: RunResult }> {
  const run = await runCli(['start', '--json', ...args], env);
  const last = run.stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    return { ...run, result: JSON.parse(last) as RunResult };
  } catch (error) {
    throw new Error(`The last line is no JSON (exit code ${run.code}): ${last}\n${run.stderr}`, {
      cause: error,
    });
  }
}
