import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { generatedDocs } from '../../../local/build/docs.ts';

test('generated pages of docs are what the code says; run `node local/build/docs.ts`', async () => {
  for (const { path, text } of await generatedDocs()) {
    const written = await readFile(path, 'utf8');
    assert.equal(written, text);
  }
});
