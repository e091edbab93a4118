import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { DropFolder } from '../../../local/cli/dropFolder.ts';
import { UsageError } from '../../../local/cli/usageError.ts';

test('a file is taken once it has rested; what stays is told once, with the reason', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'drop-'));
  t.after(() => rm(folder, { recursive: true }));
  const said: string[] = [];
  const drop = new DropFolder(folder, (line) => said.push(line));
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
  assert.equal(await drop.take(input, 5_000, () => Promise.resolve(undefined)), undefined);
  assert.deepEqual(await namesAt(5_000), ['a.csv'], 'it stays when its upload was kept from it');
  assert.equal(await drop.take(input, 5_000, () => Promise.resolve('id')), 'id');
  assert.deepEqual(await readdir(path.join(folder, 'taken')), ['a.csv']);
  await rename(path.join(folder, 'b.csv.part'), path.join(folder, 'b.csv'));
  await namesAt(6_000);
  assert.deepEqual(await namesAt(8_000), ['b.csv']);
});

test('a fault of one file is told once, stops nothing, and the file is tried again later', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'drop-'));
  t.after(() => rm(folder, { recursive: true }));
  const said: string[] = [];
  const drop = new DropFolder(folder, (line) => said.push(line));
  await drop.rested(0);
  for (const name of ['a.csv', 'b.csv', 'c.csv', 'gone.csv']) await writeFile(path.join(folder, name), name);
  await mkdir(path.join(folder, 'taken', 'b.csv'));
  const uploads: string[] = [];
  const takeAt = async (now: number, fail: Record<string, Error> = {}) => {
    for (const input of await drop.rested(now)) {
      const upload = async () => {
        uploads.push(input.name);
        if (input.name === 'gone.csv') await rm(input.file);
        if (fail[input.name]) throw fail[input.name];
        return input.name;
      };
      await drop.take(input, now, upload);
    }
  };
  await takeAt(0);
  const short = new UsageError('The disk has 1 MB left.', 'Free some space.');
  const faults = { 'a.csv': short, 'gone.csv': Object.assign(new Error('ENOENT'), { code: 'ENOENT' }) };
  await takeAt(2_000, faults);
  assert.deepEqual(uploads, ['a.csv', 'b.csv', 'c.csv', 'gone.csv']);
  assert.equal(said.length, 2, said.join('\n'));
  assert.match(
    said[0] ?? '',
    /^a\.csv cannot be taken\. The disk .* Free some space\. .* again every 30 s\.$/u,
  );
  assert.match(said[1] ?? '', /^b\.csv is uploaded, and cannot be moved into taken\/.* out of taken\//u);
  await takeAt(31_000, faults);
  assert.equal(uploads.length, 4, 'not before its time');
  await takeAt(32_000, faults);
  assert.deepEqual(uploads.slice(4), ['a.csv'], 'what is uploaded is only moved');
  assert.equal(said.length, 2, 'the same is told once');

  await rm(path.join(folder, 'taken'), { recursive: true });
  await takeAt(62_000);
  assert.deepEqual(uploads.slice(5), ['a.csv']);
  assert.deepEqual(await readdir(folder), ['taken']);
  assert.deepEqual(await readdir(path.join(folder, 'taken')), ['a.csv', 'b.csv']);
});
