import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { PROJECT } from '../../support/cli.ts';

const LAUNCHER = path.join('local', 'cli', 'run.mjs');

/** Start the launcher by a Node that says it is 20. */
function runOld(launcher: string, args: readonly string[]) {
  const old = 'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})';
  const options = ['--import', `data:text/javascript,${old}`, launcher, ...args];
  return spawnSync(process.execPath, options, { encoding: 'utf8' });
}

test('on an old Node the one that is installed with the packages runs the command, and its exit code counts', () => {
  const launcher = path.join(PROJECT, LAUNCHER);
  const help = runOld(launcher, ['generate', '--help']);
  assert.equal(help.status, 0, help.stderr);
  assert.match(help.stdout, /^Usage: npm run generate/u);
  const wrong = runOld(launcher, ['generate', '--records', 'many']);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /--records/u);
});

test('an old Node without another one is told what to do', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'launcher-'));
  t.after(() => rm(folder, { recursive: true }));
  const launcher = path.join(folder, LAUNCHER);
  await mkdir(path.dirname(launcher), { recursive: true });
  await copyFile(path.join(PROJECT, LAUNCHER), launcher);
  const { status, stderr } = runOld(launcher, ['check']);
  assert.equal(status, 1);
  assert.match(stderr, /^Node\.js 20\.1\.0 is too old.*\nRun "npm ci"/u);
});
