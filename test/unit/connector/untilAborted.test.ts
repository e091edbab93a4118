import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilAborted } from '../../../shared/connector/untilAborted.ts';

const late: object[] = [];
const discard = (result: object): void => void late.push(result);

test('gives what comes in time, and throws what is thrown', async () => {
  const { signal } = new AbortController();
  const result = {};
  assert.equal(await untilAborted(Promise.resolve(result), signal, discard), result);
  await assert.rejects(untilAborted(Promise.reject(new Error('broken')), signal, discard), /broken/);
  assert.deepEqual(late, []);
});

test('gives nothing once it is aborted; what comes later is discarded', async () => {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<object>();
  const waiting = untilAborted(promise, stop.signal, discard);
  stop.abort();
  assert.equal(await waiting, undefined);
  assert.equal(await untilAborted(promise, stop.signal, discard), undefined);
  resolve({});
  await promise;
  assert.equal(late.length, 2);
});

test('what fails after it was aborted is nobody’s concern', async () => {
  const { promise, reject } = Promise.withResolvers<object>();
  assert.equal(await untilAborted(promise, AbortSignal.abort(), discard), undefined);
  reject(new Error('too late'));
  await new Promise(setImmediate);
});
