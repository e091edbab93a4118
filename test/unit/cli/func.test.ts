import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { findCoreTools } from '../../../local/cli/func.ts';
import { UsageError } from '../../../local/cli/usageError.ts';

const windows = process.platform === 'win32';

test(
  'Core Tools are found on the PATH, and their absence is told with a cure',
  { skip: windows },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'func-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const project = findOrUndefined('');
    if (project === undefined) {
      assert.throws(
        () => findCoreTools(folder),
        (error) => error instanceof UsageError && error.cure.includes('npm install'),
      );
    }
    await writeFile(join(folder, 'func'), '#!/bin/sh\n');
    await chmod(join(folder, 'func'), 0o755);
    assert.equal(findCoreTools(`${delimiter}${folder}`), project ?? join(folder, 'func'));
  },
);

function findOrUndefined(searchPath: string): string | undefined {
  try {
    return findCoreTools(searchPath);
  } catch {
    return undefined;
  }
}
