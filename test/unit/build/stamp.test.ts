import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFresh, makeStamp } from '../../../local/build/stamp.ts';

const NOTHING = { inputs: [], outputs: [], packages: [] };

test('a build is fresh until a source changes, a file joins its folder, or an output is gone', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'stamp-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, 'src'));
  await writeFile(join(root, 'src/a.ts'), 'a');
  await writeFile(join(root, 'out.mjs'), 'a');
  const stamp = () => makeStamp(root, { inputs: ['src/a.ts'], outputs: ['out.mjs'], packages: [] }, NOTHING);
  const before = stamp();
  assert.equal(isFresh(root, before), true);
  assert.equal(isFresh(root, undefined), false);

  await utimes(join(root, 'src/a.ts'), new Date(0), new Date(0));
  assert.equal(isFresh(root, before), false);

  const touched = stamp();
  await writeFile(join(root, 'src/b.ts'), 'b');
  await utimes(join(root, 'src'), new Date(1), new Date(1));
  assert.equal(isFresh(root, touched), false);

  const joined = stamp();
  await rm(join(root, 'out.mjs'));
  assert.equal(isFresh(root, joined), false);
});
