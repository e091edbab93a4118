import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { test } from 'node:test';
import { ensureBuilt, FHIR_LIBRARY, ROOT } from '../../local/build/build.ts';

test('the library of audit headers is one file that works anywhere', async () => {
  await ensureBuilt();
  const folder = await mkdtemp(path.join(tmpdir(), 'library-'));
  try {
    await copyFile(path.join(ROOT, FHIR_LIBRARY), path.join(folder, 'headers.mjs'));
    const program = `
      const { auditHeaders, auditFetch, parseHeaderKeys } = await import('./headers.mjs');
      const keys = parseHeaderKeys('k=' + Buffer.alloc(32).toString('base64'));
      console.log(typeof auditFetch, JSON.stringify(auditHeaders({ USERID: 'jdoe' })), auditHeaders({ A: 'v' }, keys));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
    });
    assert.ok(stdout.startsWith('function {"X-MS-AZUREFHIR-AUDIT-USERID":"jdoe"}'), stdout);
    assert.match(stdout, /'X-MS-AZUREFHIR-AUDIT-A': 'enc1\.k\.[\w-]+'/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
