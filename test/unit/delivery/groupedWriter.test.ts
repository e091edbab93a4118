import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError } from '../../../shared/errors.ts';
import { FencedError } from '../../../shared/delivery/faultKinds.ts';
import { GroupedWriter } from '../../../shared/delivery/groupedWriter.ts';
import { MemoryTable } from '../../support/memoryStores.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

type Count = { readonly owner: string; readonly count: number };

/** A writer of one row, its table and clock, and a switch for what the next calls meet. */
async function made(): Promise<{
  clock: VirtualClock;
  table: MemoryTable;
  writer: GroupedWriter<Count>;
  faults: { when?: 'before' | 'after'; left: number };
}> {
  const clock = new VirtualClock();
  const faults: { when?: 'before' | 'after'; left: number } = { left: 0 };
  const table: MemoryTable = new MemoryTable('t', {
    hook: ({ when, operation }) => {
      if (operation !== 'replace' || when !== faults.when || faults.left === 0) return;
      faults.left--;
      throw Object.assign(new Error('storage'), { statusCode: 503 });
    },
  });
  const start = { owner: 'me', count: 0 };
  const etag = await table.insert({ partitionKey: 'p', rowKey: 'r', ...start });
  const writer = new GroupedWriter<Count>(
    {
      read: async () => {
        const stored = await table.get('p', 'r');
        return stored && { row: stored.row as unknown as Count, etag: stored.etag };
      },
      write: (value, known) => table.replace({ partitionKey: 'p', rowKey: 'r', ...value }, known!),
      owned: ({ owner }) => owner === 'me',
      merge: (_stored, wanted) => wanted,
      stamp: (value) => value,
      deadline: () => clock.now() + 10_000,
    },
    clock,
    start,
    etag,
  );
  return { clock, table, writer, faults };
}

const increment = (value: Count): Count => ({ ...value, count: value.count + 1 });
const stored = (table: MemoryTable): unknown => table.rows()[0]!.row['count'];

test('changes asked for while a write is under way go out together', async () => {
  const { table, writer } = await made();
  const before = table.version;
  await Promise.all(Array.from({ length: 50 }, () => writer.change(increment)));
  assert.equal(stored(table), 50);
  assert.ok(table.version - before <= 2, `${table.version - before} writes`);
});

for (const when of ['before', 'after'] as const) {
  test(`a write that fails ${when} it takes effect is made good, once`, async () => {
    const { clock, table, writer, faults } = await made();
    Object.assign(faults, { when, left: 3 });
    const change = writer.change(increment);
    await clock.run(() => writer.written?.count === 1, 5_000);
    await change;
    assert.equal(stored(table), 1);
  });
}

test('a row that another took over is left alone, and the writer is dead', async () => {
  const { table, writer } = await made();
  const [{ etag } = { etag: '' }] = table.rows();
  await table.replace({ partitionKey: 'p', rowKey: 'r', owner: 'other', count: 7 }, etag);
  await assert.rejects(writer.change(increment), FencedError);
  await assert.rejects(writer.change(increment), FencedError);
  assert.equal(stored(table), 7);
});

test('a ledger out of reach to the deadline fails the change', async () => {
  const { clock, writer, faults } = await made();
  Object.assign(faults, { when: 'before', left: Number.POSITIVE_INFINITY });
  const change = assert.rejects(writer.change(increment), { statusCode: 503 });
  await clock.run(() => false, 20_000);
  await change;
});

test('what was only noted is written by a flush, and only then', async () => {
  const { table, writer } = await made();
  writer.note(increment);
  assert.equal(stored(table), 0);
  await writer.flush();
  assert.equal(stored(table), 1);
  const { version } = table;
  await writer.flush();
  assert.equal(table.version, version);
});

test('a write refused although nobody changed the row is tried again after a pause, not at once', async () => {
  const clock = new VirtualClock();
  let refusals = 3;
  const tried: number[] = [];
  const start = { owner: 'me', count: 0 };
  const writer = new GroupedWriter<Count>(
    {
      read: () => Promise.resolve({ row: start, etag: '1' }),
      write: () => {
        tried.push(clock.now());
        return refusals-- > 0 ? Promise.reject(new ConflictError('412')) : Promise.resolve('2');
      },
      owned: () => true,
      merge: (_stored, wanted) => wanted,
      stamp: (value) => value,
      deadline: () => clock.now() + 10_000,
    },
    clock,
    start,
    '1',
  );
  let done = false;
  void writer.change(increment).then(() => (done = true));
  assert.ok(await clock.run(() => done, 60_000));
  assert.ok(tried.slice(1).every((at, i) => at > tried[i]!));
});
