import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRecords, type ReadOptions } from '../../../shared/export/records.ts';

const OPTIONS: ReadOptions = {
  dialect: { delimiter: ',', quote: '"' },
  maxRecordBytes: 10,
  offset: 100,
  firstLine: 2,
  blockBytes: 16,
};

async function* stream(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

type Row =
  { text: string; at: number; line: number } | { skipped: { start: number; end: number }; line: number };

async function rows(source: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<Row[]> {
  const found: Row[] = [];
  for await (const block of readRecords(source, options)) {
    const skipped = block.oversizeRanges.values();
    for (let i = 0; i < block.count; i++) {
      const [start, end, line] = [block.starts[i]!, block.ends[i]!, block.lines[i]!];
      const text = Buffer.from(block.bytes).toString('utf8', start, end);
      found.push(
        block.oversize[i] === 1
          ? { skipped: skipped.next().value!, line }
          : { text, at: block.offset + start, line },
      );
    }
  }
  return found;
}

test('records come whole, with their place in the source, across buffers and blocks', async () => {
  assert.deepEqual(await rows(stream('a,b\n"c\n', 'c"\r\n\n', 'd,e\n', 'f'), OPTIONS), [
    { text: 'a,b\n', at: 100, line: 2 },
    { text: '"c\nc"\r\n', at: 104, line: 3 },
    { text: 'd,e\n', at: 112, line: 6 },
    { text: 'f', at: 116, line: 7 },
  ]);
});

test('a record over the limit is passed on by reference, and its neighbours come as they are', async () => {
  assert.deepEqual(
    await rows(stream('a\n', 'x'.repeat(9), 'x'.repeat(40), '\nb\n', `${'y'.repeat(9)}\nc`), OPTIONS),
    [
      { text: 'a\n', at: 100, line: 2 },
      { skipped: { start: 102, end: 152 }, line: 3 },
      { text: 'b\n', at: 152, line: 4 },
      { text: 'yyyyyyyyy\n', at: 154, line: 5 },
      { text: 'c', at: 164, line: 6 },
    ],
  );
});

test('a line of 256 MiB is gone through in flat memory', async () => {
  const mebibyte = 'x'.repeat(1024 * 1024);
  async function* long(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a\n"');
    const buffer = Buffer.from(mebibyte);
    for (let i = 0; i < 256; i++) yield buffer;
    yield Buffer.from('"\nb\n');
  }
  const before = process.memoryUsage().arrayBuffers;
  const found = await rows(long(), {
    ...OPTIONS,
    maxRecordBytes: 1024 * 1024,
    offset: 0,
    blockBytes: 1024 * 1024,
  });
  assert.deepEqual(found, [
    { text: 'a\n', at: 0, line: 2 },
    { skipped: { start: 2, end: 268_435_461 }, line: 3 },
    { text: 'b\n', at: 268_435_461, line: 4 },
  ]);
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024);
});

test('a failing source is passed on', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a\n');
    throw new Error('gone');
  }
  await assert.rejects(rows(failing(), OPTIONS), { message: 'gone' });
});
