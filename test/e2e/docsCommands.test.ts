import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PROJECT, runCli } from '../support/cli.ts';
import { markdownPages, shellBlocks, type ShellBlock } from '../support/markdown.ts';

/**
 * Not run here: they fetch, install, are checks that `npm test` makes anyway (bench.test.ts runs the benchmarks), or, like coverage and
 * mutate, take long and are for demand.
 */
const NOT_HERE = [
  'git clone',
  'cd',
  'npm ci',
  'npm test',
  'npm run bench',
  'npm run coverage',
  'npm run mutate',
  'npm run unused',
  'npm run lint',
  'npm run format',
  'npm run typecheck',
];
/** Files that an operator has and a clone has not. */
const OPERATORS_FILES = ['export.csv', 'sample.csv'];
const UP_WITHIN_MS = 90_000;
const MARKS = /^(?:azure|stays-up|exit=\d+)$/u;

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'docs commands '));
  const made = await runCli(['generate', '--records', '2000', '--out', path.join(folder, 'export.csv')]);
  assert.equal(made.code, 0, made.stderr);
  const run = await runCli(['start', '--out', path.join(folder, 'out'), path.join(folder, 'export.csv')]);
  assert.equal(run.code, 0, run.stderr);
});
after(() => rm(folder, { recursive: true, force: true }));

/** What readers wait for is made shorter: a sample of 250,000 records says no more than an export of 2,000. */
function shorter(command: string): string {
  const withSample = /^npm start(?! --.*\.csv)/u.test(command);
  if (!withSample) return command.replace('--records 200000', '--records 2000');
  const options = command.includes(' -- ') ? '' : ' --';
  return `${command}${options} "${path.join(folder, 'export.csv')}"`;
}

/** A clone of what is committed, with the packages of this folder; operators have exports, and have run it before. */
async function cloneFor(page: string, forOperators: boolean): Promise<string> {
  const clone = path.join(folder, page.replaceAll(/\W/gu, '-'));
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', PROJECT, clone]);
  await symlink(path.join(PROJECT, 'node_modules'), path.join(clone, 'node_modules'), 'junction');
  if (!forOperators) return clone;
  for (const name of OPERATORS_FILES) await copyFile(path.join(folder, 'export.csv'), path.join(clone, name));
  await cp(path.join(folder, 'out'), path.join(clone, '.local', 'out'), { recursive: true });
  return clone;
}

function startIn(clone: string, command: string) {
  const child = spawn(command, {
    cwd: clone,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that the shell, npm and Node get the Ctrl-C together, as from a terminal.
    detached: true,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1', npm_config_update_notifier: 'false' },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended, output: () => output };
}

async function runToEnd(clone: string, command: string, expected: number): Promise<void> {
  const run = startIn(clone, command);
  assert.equal(await run.ended, expected, `${command}\n${run.output()}`);
}

async function runUntilUp(clone: string, command: string): Promise<void> {
  const { child, ended, output } = startIn(clone, command);
  const up = new Promise<void>((resolve) => {
    child.stdout.on('data', () => output().includes('Ctrl-C ends') && resolve());
  });
  await Promise.race([up, ended, delay(UP_WITHIN_MS, undefined, { ref: false })]);
  if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGINT');
  await ended;
  assert.match(output(), /Ctrl-C ends.*Stopping; .*Stopped with/su, `${command}\n${output()}`);
}

async function follow(clone: string, { commands, marks }: ShellBlock): Promise<void> {
  const expected = Number(marks.find((mark) => mark.startsWith('exit='))?.slice('exit='.length) ?? 0);
  for (const command of commands.map(shorter)) {
    if (NOT_HERE.some((each) => command === each || command.startsWith(`${each} `))) continue;
    if (marks.includes('stays-up')) await runUntilUp(clone, command);
    else await runToEnd(clone, command, expected);
  }
}

// Windows knows neither `sh` nor process groups; its own runs of the command line are tested elsewhere.
suite('Every command of the documents works in a clone', { skip: process.platform === 'win32' }, () => {
  for (const page of markdownPages()) {
    const blocks = shellBlocks(page);
    if (blocks.length === 0) continue;
    test(`${page}: marks are known`, () => {
      for (const { line, marks } of blocks) {
        for (const mark of marks) assert.match(mark, MARKS, `${page}:${line}`);
      }
    });
    const local = blocks.filter(({ marks }) => !marks.includes('azure'));
    if (local.length > 0) {
      test(`${page}: commands that need no Azure`, async () => {
        const clone = await cloneFor(page, page.startsWith('docs/'));
        for (const block of local) await follow(clone, block);
      });
    }
  }
});
