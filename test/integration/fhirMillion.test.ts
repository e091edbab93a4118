import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'node:test';

const PROGRAM = fileURLToPath(new URL('../support/fhirMillion.ts', import.meta.url));

test('an hour of 1,000,000 entries is collected with a heap of 64 MB', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=64',
    PROGRAM,
    '1000000',
  ]);
  const { entries, records, quarantined, bytes, peak } = JSON.parse(stdout) as Record<string, number>;
  assert.deepEqual(
    { entries, records, quarantined },
    { entries: 1_000_000, records: 500_000, quarantined: 0 },
  );
  assert.ok(bytes! > 500_000_000, 'larger than any memory it had');
  assert.ok(peak! < 400_000_000, `${peak} bytes of resident memory`);
});
