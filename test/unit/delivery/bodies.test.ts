import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyPool } from '../../../shared/delivery/bodies.ts';

const never = new AbortController().signal;
const prefix = Buffer.from('<head>');
const tail = Buffer.from('</head>');

test('a body grows as it is filled, and goes out whole or in slices without a copy', async () => {
  const pool = new BodyPool(2 ** 20);
  const body = (await pool.take(never, 0))!;
  body.begin(prefix);
  const record = Buffer.alloc(1000, 'x');
  for (let i = 0; i < 600; i++) {
    record.writeUInt16BE(i);
    body.append(record, 0, record.length);
    body.mark(100 + i, body.length);
  }
  assert.equal(body.count, 600);
  assert.equal(body.numberAt(599), 699);
  const whole = Buffer.concat(body.request(0, 600, tail));
  assert.equal(whole.length, prefix.length + 600_000 + tail.length);
  const slice = body.request(599, 600, tail);
  assert.deepEqual(
    slice.map(({ length }) => length),
    [prefix.length, 1000, tail.length],
  );
  assert.equal(slice[1]!.buffer, body.request(0, 600, tail)[0]!.buffer);
  assert.equal(body.records(7, 8).readUInt16BE(), 7);
});

test('memory is bounded: who comes too late waits for a body to be given back', async () => {
  const pool = new BodyPool(100_000);
  const first = (await pool.take(never, 0))!;
  first.begin(Buffer.alloc(90_000));
  let second: unknown;
  const waiting = pool.take(never, 0).then((body) => (second = body));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(second, undefined);
  pool.release(first);
  await waiting;
  assert.equal(second, first);
});

test('one body is always to be had, however large bodies have become; what grew over the limit is let go', async () => {
  const pool = new BodyPool(1000);
  for (let i = 0; i < 3; i++) {
    const body = (await pool.take(never, 0))!;
    body.begin(Buffer.alloc(5000));
    pool.release(body);
    assert.equal(pool.bytes, 0);
  }
});

test('who gives up waiting gets none', async () => {
  const pool = new BodyPool(1000);
  const body = (await pool.take(never, 0))!;
  body.begin(prefix);
  const stop = new AbortController();
  const waiting = pool.take(stop.signal, 0);
  stop.abort();
  assert.equal(await waiting, undefined);
});

test('who waits for a chunk that was begun earlier comes first, also before one who has just asked', async () => {
  const pool = new BodyPool(1000);
  const body = (await pool.take(never, 0))!;
  body.begin(prefix);
  const order: number[] = [];
  const ask = async (began: number): Promise<void> => {
    const got = (await pool.take(never, began))!;
    order.push(began);
    await Promise.resolve();
    pool.release(got);
  };
  const all = [ask(3), ask(1), ask(2)];
  pool.release(body);
  all.push(ask(4));
  await Promise.all(all);
  assert.deepEqual(order, [1, 2, 3, 4]);
});
