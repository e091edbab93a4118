import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { requireSpace } from '../../../local/cli/freeSpace.ts';
import { machineFault } from '../../../local/cli/machineFault.ts';
import { UsageError } from '../../../local/cli/usageError.ts';
import { PROJECT } from '../../support/cli.ts';

test('a taken port is told with a cure', async (t) => {
  const first = createServer().listen(0, '127.0.0.1');
  await once(first, 'listening');
  t.after(() => first.close());
  const { port } = first.address() as { port: number };
  const [error] = (await once(createServer().listen(port, '127.0.0.1'), 'error')) as [Error];
  const fault = machineFault(error);
  assert.match(fault?.message ?? '', new RegExp(`port is taken .*:${port}`));
  assert.match(fault?.cure ?? '', /npm start/);
});

test('a fault that another process reported in words is known as well', () => {
  const fault = machineFault(
    new Error('The storage emulator did not start: ENOSPC: no space left on device'),
  );
  assert.match(fault?.message ?? '', /^The disk is full/);
});

const at = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: refused, open '${path}'`), { code, path });

test('the cure is one that the command has', () => {
  for (const [error, out, cure] of [
    [
      at('EACCES', 'mappings/healthcare.json'),
      undefined,
      'Make mappings/healthcare.json readable and writable for you.',
    ],
    [at('EROFS', '/mnt/y.csv.part'), undefined, 'Make /mnt/y.csv.part readable and writable for you.'],
    [
      at('EACCES', '.local/out/logs'),
      '.local/out',
      /^Make \.local\/out\/logs .*, or name a folder .* --out DIR\.$/,
    ],
    [at('EACCES', '.local/exports/taken'), '.local/out', /taken readable and writable for you\.$/],
    [
      at('EROFS', join(PROJECT, 'dist', 'app')),
      '.local/out',
      'Run npm run build as a user who may write here.',
    ],
    [
      new Error("The storage emulator did not start: EACCES: permission denied, mkdir 'x/storage'"),
      'x',
      /^Make x\/storage .* --out DIR/,
    ],
    [at('ENOSPC', '/mnt/y.csv.part'), undefined, 'Free some space.'],
    [new Error('ENOSPC: no space left on device, write'), '.local/out', /another disk with --out DIR/],
  ] as const) {
    const fault = machineFault(error, out);
    if (typeof cure === 'string') assert.equal(fault?.cure, cure);
    else assert.match(fault?.cure ?? '', cure);
  }
});

test('other errors stay what they are', () => {
  for (const error of [new Error('The build failed. ERROR in EXPORT.ts'), new TypeError(''), 'text']) {
    assert.equal(machineFault(error), undefined);
  }
});

test('too little room is refused before anything is uploaded', async () => {
  await requireSpace(tmpdir(), 1);
  await assert.rejects(
    requireSpace(tmpdir(), 2 ** 60),
    (error) => error instanceof UsageError && /MB left, and .* are needed/.test(error.message),
  );
});
