import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { PROJECT } from '../../support/cli.ts';
import { readPage } from '../../support/markdown.ts';

const PAGES = ['docs/troubleshooting.md', 'docs/validation.md', 'docs/delivery.md', 'docs/fhir.md'];

test('every code that a reason can have stands in the documents', async () => {
  const documented = PAGES.map(readPage).join('\n');
  let found = 0;
  for await (const file of glob(['shared/**/*.ts', 'local/**/*.ts'], { cwd: PROJECT })) {
    const text = await readFile(path.join(PROJECT, file), 'utf8');
    // A reason has its cause right behind its code; other objects with a `code` are no reasons.
    for (const [, code = ''] of text.matchAll(/\bcode: '([A-Z][A-Z0-9_]+)',(?=[^}]{0,300}\bcause[:,])/gu)) {
      found++;
      assert.ok(documented.includes(`\`${code}\``), `${code} of ${file} is in none of ${PAGES.join(', ')}`);
    }
  }
  assert.ok(found > 50);
});
