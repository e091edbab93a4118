import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { DropFolder } from '../../../local/cli/dropFolder.ts';

test('a file is taken once it has rested; what stays is told once, with the reason', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'drop-'));
  t.after(() => rm(folder, { recursive: true }));
  const said: string[] = [];
  const drop = new DropFolder(folder, (line) => said.push(line));
  await drop.open();
  const put = (name: string, text: string) => writeFile(path.join(folder, name), text);
  await Promise.all([put('a.csv', '1'), put('b.csv.part', '1'), put('.hidden', '1')]);
  await mkdir(path.join(folder, 'November'));
  const namesAt = async (now: number) => (await drop.rested(now)).map(({ name }) => name);

  assert.deepEqual(await namesAt(0), []);
  await put('a.csv', '12');
  assert.deepEqual(await namesAt(2_000), [], 'its size has changed');
  assert.deepEqual(await namesAt(4_000), ['a.csv']);
  assert.deepEqual(await namesAt(4_500), ['a.csv']);
  assert.equal(said.length, 2);
  assert.match(said.join('\n'), /^b\.csv\.part is left where it is\. .*still being written.* Name the file/m);
  assert.match(said.join('\n'), /^November is left where it is\. .*is a folder/m);

  const [input] = await drop.rested(5_000);
  assert.ok(input);
  await drop.taken(input);
  assert.deepEqual(await readdir(path.join(folder, 'taken')), ['a.csv']);
  await rename(path.join(folder, 'b.csv.part'), path.join(folder, 'b.csv'));
  await namesAt(6_000);
  assert.deepEqual(await namesAt(8_000), ['b.csv']);
});
