import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { zipFolder } from '../../../local/build/package.ts';

test('the same files give the same zip, whatever their times and the time zone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'zip-'));
  const zone = process.env['TZ'];
  t.after(async () => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
    await rm(folder, { recursive: true, force: true });
  });
  const source = join(folder, 'source');
  await mkdir(join(source, 'dist', 'app'), { recursive: true });
  await writeFile(join(source, 'host.json'), '{}');
  await writeFile(join(source, 'dist', 'app', 'main.mjs'), 'export {};');
  await zipFolder(source, join(folder, 'one.zip'));

  await utimes(join(source, 'host.json'), new Date(0), new Date(0));
  process.env['TZ'] = 'Pacific/Auckland';
  await zipFolder(source, join(folder, 'two.zip'));
  const [one, two] = await Promise.all(['one.zip', 'two.zip'].map((name) => readFile(join(folder, name))));
  assert.ok(one !== undefined && two !== undefined && one.equals(two));

  const open = promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer);
  const names: string[] = [];
  const zip = await open(one, { lazyEntries: false });
  await new Promise((resolve) => {
    zip.on('entry', (entry: yauzl.Entry) => names.push(entry.fileName)).on('end', resolve);
  });
  assert.deepEqual(names, ['dist/app/main.mjs', 'host.json']);
});
