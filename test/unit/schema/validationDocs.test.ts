import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { EXPORT_CODES } from '../../../local/build/exportCodes.ts';

const SHARED = path.join(import.meta.dirname, '../../../shared');

test('every code that export and schema can give is documented', async () => {
  const documented = new Set(EXPORT_CODES.map(([code]) => code));
  for (const folder of ['export', 'schema']) {
    for (const file of await readdir(path.join(SHARED, folder))) {
      if (!file.endsWith('.ts')) continue;
      const text = await readFile(path.join(SHARED, folder, file), 'utf8');
      const codes = [...text.matchAll(/(?:code: |rejected\()'([A-Z][A-Z0-9_]+)'/g)].map(([, code]) => code!);
      for (const code of codes) assert.ok(documented.has(code), `${code} of ${folder}/${file}`);
    }
  }
});
