import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isAlive } from '../../../local/storage/isAlive.ts';

test('a process that runs is alive, one that never was is not', () => {
  assert.equal(isAlive(process.pid), true);
  assert.equal(isAlive(0), false);
  assert.equal(isAlive(Number.NaN), false);
  assert.equal(isAlive(2 ** 22 + 1), false);
});

test(
  'a process that ended is not alive though nobody waited for it',
  { skip: process.platform !== 'linux' },
  async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const until = Date.now() + 10_000;
    while (isAlive(pid) && Date.now() < until) await new Promise(setImmediate);
    assert.equal(isAlive(pid), false);
    assert.ok(process.kill(pid, 0), 'its number is still taken');
    parent.kill();
  },
);
