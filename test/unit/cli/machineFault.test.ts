import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { requireSpace } from '../../../local/cli/freeSpace.ts';
import { machineFault } from '../../../local/cli/machineFault.ts';
import { UsageError } from '../../../local/cli/usageError.ts';

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
