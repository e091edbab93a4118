import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { takeRunLock } from '../../../local/cli/runLock.ts';
import { UsageError } from '../../../local/cli/usageError.ts';
import { FolderInUseError, lockFolder } from '../../../local/storage/folderLock.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  file = join(folder, 'in-use.pid');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const deadProcess = (): string => String(spawnSync(process.execPath, ['--version']).pid);

/** Tries to take the folder, says so, and holds it until its standard input ends. */
const TAKER = `
import { lockFolder } from ${JSON.stringify(new URL('../../../local/storage/folderLock.ts', import.meta.url).href)};
process.stdout.write('?');
await new Promise((go) => process.stdin.once('data', go));
const release = await lockFolder(${JSON.stringify('FOLDER')}, 0).catch(() => undefined);
process.stdout.write(release ? 'taken' : 'refused');
await new Promise((end) => process.stdin.once('end', end).resume());
await release?.();
`;

test('of several that find a dead owner at the same moment, one gets the folder', async () => {
  await writeFile(file, deadProcess());
  const program = TAKER.replace('FOLDER', folder);
  const takers = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  await Promise.all(takers.map(({ stdout }) => once(stdout, 'data')));
  const answers = takers.map(async ({ stdout }) => String(((await once(stdout, 'data')) as [Buffer])[0]));
  for (const { stdin } of takers) stdin.write('go');
  const said = await Promise.all(answers);
  assert.deepEqual(said.toSorted(), ['refused', 'refused', 'refused', 'taken']);
  const ends = takers.map((taker) => once(taker, 'close'));
  for (const { stdin } of takers) stdin.end();
  await Promise.all(ends);
  assert.deepEqual(await readdir(folder), []);
});

test('who died while taking a lock away stands in nobody’s way', async () => {
  await writeFile(file, deadProcess());
  await writeFile(`${file}.turn`, deadProcess());
  await (
    await lockFolder(folder, 1_000)
  )();
  assert.deepEqual(await readdir(folder), []);
});

test('a lock whose owner has not written its number yet is held', async () => {
  await writeFile(file, '');
  await assert.rejects(
    takeRunLock(folder),
    (error) => error instanceof UsageError && /is using/.test(error.message),
  );
  assert.equal(await readFile(file, 'utf8'), '');
});

test('a run names the process in its way, and what to do', async () => {
  const lock = await takeRunLock(folder);
  const inUse = { name: 'UsageError', message: `Another run (process ${process.pid}) is using ${folder}.` };
  await assert.rejects(takeRunLock(folder), { ...inUse, cure: /--out DIR/ });
  await assert.rejects(takeRunLock(folder, 'End it.'), { ...inUse, cure: 'End it.' });
  await lock.release();
  await (await takeRunLock(folder)).release();
});

test('what a predecessor of the same number left is taken over, as in containers', async () => {
  await writeFile(file, String(process.pid));
  const release = await lockFolder(folder, 0);
  await assert.rejects(lockFolder(folder, 0), FolderInUseError);
  await release();
  assert.deepEqual(await readdir(folder), []);
});

test('a lock not renewed for a minute is left over, whoever has its number now', async () => {
  await writeFile(file, String(process.ppid));
  await assert.rejects(lockFolder(folder, 0), FolderInUseError);
  const then = new Date(Date.now() - 61_000);
  await utimes(file, then, then);
  await (
    await lockFolder(folder, 0)
  )();
});

test('whoever lost the folder does not take it from its new owner at the end', async () => {
  const release = await lockFolder(folder, 0);
  await writeFile(file, String(process.ppid));
  await release();
  assert.equal(await readFile(file, 'utf8'), String(process.ppid));
});
