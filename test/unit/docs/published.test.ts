import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { published, publishedFiles } from '../../../bench/publish.ts';

test('figures, chart and cost sheet of the documents are those of the published report', async () => {
  for (const { file, text } of await publishedFiles(await published()))
    assert.equal(await readFile(file, 'utf8'), text, path.basename(file));
});
