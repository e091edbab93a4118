import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { ZipFile } from 'yazl';
import { ExportRejectedError } from '../../../shared/errors.ts';
import { type ForcedEncoding, type PackedSource, unpack, unpackPlan } from '../../../shared/export/unpack.ts';

const TEXT = 'Größe,b\r\n"日本\n🩺",2\r\n'.repeat(500);

function source(bytes: Buffer, piece = 1000): PackedSource {
  return {
    bytes: bytes.length,
    async *read(start, end) {
      for (let at = start; at < end; at += piece) yield bytes.subarray(at, Math.min(at + piece, end));
    },
  };
}

async function zip(files: Record<string, string | Buffer>, compress = true): Promise<Buffer> {
  const file = new ZipFile();
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith('/')) file.addEmptyDirectory(name);
    else file.addBuffer(Buffer.from(content), name, { compress });
  }
  file.end();
  const parts: Buffer[] = [];
  file.outputStream.on('data', (part: Buffer) => parts.push(part));
  await once(file.outputStream, 'end');
  return Buffer.concat(parts);
}

type Outcome = { name: string; text: string } | string;

/** Name and text, or the code it was refused with. */
async function outcome(
  name: string,
  bytes: Buffer,
  {
    maxBytes = 1_000_000,
    forced,
    from = source(bytes),
  }: { maxBytes?: number; forced?: ForcedEncoding; from?: PackedSource } = {},
): Promise<Outcome> {
  try {
    const plan = unpackPlan(name, bytes.subarray(0, 4096), forced);
    const unpacked = await unpack(from, name, plan, { maxBytes, ...(forced && { forced }) });
    const parts: Uint8Array[] = [];
    for await (const part of unpacked.content) parts.push(Buffer.from(part));
    return { name: unpacked.name, text: Buffer.concat(parts).toString('utf8') };
  } catch (error) {
    if (error instanceof ExportRejectedError) return error.reason.code;
    throw error;
  }
}

const le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const be = (text: string): Buffer => le(text).swap16();

test('what needs no unpacking is read where it lies', () => {
  assert.deepEqual(unpackPlan('x.csv', Buffer.from('a,b\n')), { packing: 'none' });
  assert.deepEqual(unpackPlan('x.csv.gz', Buffer.alloc(0)), { packing: 'none' });
  assert.deepEqual(unpackPlan('x.csv', le('a,b'), 'utf-8'), { packing: 'none' });
});

test('gzip, in one member or several', async () => {
  const bytes = Buffer.concat([gzipSync(TEXT), gzipSync('end')]);
  assert.deepEqual(await outcome('in/Day.csv.GZ', bytes), { name: 'in/Day.csv', text: `${TEXT}end` });
});

test('zip with one file, deflated or stored, folders and shadow files overlooked', async () => {
  assert.deepEqual(await outcome('x.zip', await zip({ 'day/x.tsv': TEXT })), {
    name: 'day/x.tsv',
    text: TEXT,
  });
  const mac = await zip({ '__MACOSX/._x.csv': 'shadow', 'x.csv': TEXT }, false);
  assert.deepEqual(await outcome('x.ZIP', mac), { name: 'x.csv', text: TEXT });
});

test('UTF-16 of either order, with and without mark, also inside gzip', async () => {
  const text = { name: 'x.csv', text: TEXT };
  const latin = 'Name,b\n1,2\n';
  assert.deepEqual(await outcome('x.csv', le(`\ufeff${TEXT}`)), text);
  assert.deepEqual(await outcome('x.csv', be(`\ufeff${TEXT}`)), text);
  assert.deepEqual(await outcome('x.csv', le(latin)), { name: 'x.csv', text: latin });
  assert.deepEqual(await outcome('x.csv', be(latin)), { name: 'x.csv', text: latin });
  assert.deepEqual(await outcome('x.csv', be('日本,語\n'), { forced: 'utf-16be' }), {
    name: 'x.csv',
    text: '日本,語\n',
  });
  assert.deepEqual(await outcome('x.csv.gz', gzipSync(le(`\ufeff${TEXT}`))), text);
});

test('UTF-16 comes out the same however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 7 }), async (text, piece) => {
      const bytes = le(`\ufeffa${text}`);
      assert.deepEqual(await outcome('x', bytes, { from: source(bytes, piece) }), {
        name: 'x',
        text: `a${text}`,
      });
    }),
    { numRuns: 200 },
  );
});

test('UTF-16 that is not well formed is refused with its line, never mended', async () => {
  const bad = le('\ufeffa\nb\nc\ud800d\n');
  assert.equal(await outcome('x.csv', bad), 'INVALID_UTF16');
  assert.equal(await outcome('x.csv', le('\ufeffa\ndd\udc00')), 'INVALID_UTF16');
  assert.equal(await outcome('x.csv', le('\ufeffa\ud83d')), 'INVALID_UTF16');
  assert.equal(await outcome('x.csv', le('\ufeffab').subarray(0, 5)), 'INVALID_UTF16');
  const { content } = await unpack(source(bad, 3), 'x', { packing: 'utf-16' }, { maxBytes: 99 });
  const readAll = async (): Promise<void> => {
    for await (const _ of content);
  };
  await assert.rejects(readAll, (error: ExportRejectedError) => error.reason.line === 3);
});

test('a bomb is stopped at the limit, long before it is through', async () => {
  const bomb = gzipSync(Buffer.alloc(200_000_000));
  let read = 0;
  const from: PackedSource = {
    bytes: bomb.length,
    async *read(start, end) {
      for (let at = start; at < end; at += 1000) {
        read += 1000;
        yield bomb.subarray(at, at + 1000);
      }
    },
  };
  assert.equal(await outcome('x.gz', bomb, { from, maxBytes: 1_000_000, forced: 'utf-8' }), 'TOO_LARGE');
  assert.ok(read < bomb.length / 2);
  assert.equal(await outcome('x.zip', await zip({ 'x.csv': Buffer.alloc(5_000_000, 'a') })), 'TOO_LARGE');
});

test('archives that are cut off, damaged or not what their name says are refused', async () => {
  const gz = gzipSync(TEXT);
  const zipped = await zip({ 'x.csv': TEXT });
  const flipped = Buffer.from(gz);
  flipped[60]! ^= 0xff;
  const wrongCrc = await zip({ 'x.csv': TEXT }, false);
  wrongCrc[100]! ^= 0x01;
  assert.equal(await outcome('x.csv.gz', gz.subarray(0, -20)), 'DAMAGED_ARCHIVE');
  assert.equal(await outcome('x.csv.gz', flipped), 'DAMAGED_ARCHIVE');
  assert.equal(await outcome('x.zip', zipped.subarray(0, -30)), 'DAMAGED_ARCHIVE');
  assert.equal(await outcome('x.zip', wrongCrc), 'DAMAGED_ARCHIVE');
  assert.equal(await outcome('x.csv.gz', zipped), 'COMPRESSED_CONTENT');
  assert.equal(await outcome('x.zip', gz), 'COMPRESSED_CONTENT');
  assert.equal(await outcome('x.csv', gz), 'COMPRESSED_CONTENT');
  assert.equal(await outcome('x.csv', zipped), 'COMPRESSED_CONTENT');
  assert.equal(await outcome('x.csv.gz', gzipSync(gz)), 'COMPRESSED_CONTENT');
  assert.equal(await outcome('x.csv.gz', Buffer.from('a,b\n')), 'NOT_COMPRESSED');
});

test('the directory of a zip is read in a few requests; one of thousands of entries is not read at all', async () => {
  const requests = async (files: number): Promise<[Outcome, number]> => {
    const folders = Array.from({ length: files - 1 }, (_, i): [string, string] => [`${i}/`, '']);
    const bytes = await zip(Object.fromEntries([...folders, ['x.csv', TEXT]]));
    let reads = 0;
    const all = source(bytes);
    const from: PackedSource = {
      bytes: bytes.length,
      read: (start, end) => {
        reads++;
        return all.read(start, end);
      },
    };
    return [await outcome('x.zip', bytes, { from }), reads];
  };
  const [taken, reads] = await requests(200);
  assert.deepEqual(taken, { name: 'x.csv', text: TEXT });
  assert.ok(reads <= 4, `${reads} reads`);
  const [refused, few] = await requests(20_000);
  assert.equal(refused, 'MULTIPLE_FILES');
  assert.ok(few <= 2, `${few} reads`);
});

test('a zip must hold one file that anyone can read', async () => {
  const encrypted = await zip({ 'x.csv': TEXT });
  const directory = encrypted.indexOf('PK\x01\x02', 0, 'latin1');
  encrypted[directory + 8]! |= 1;
  assert.equal(await outcome('x.zip', await zip({ 'a.csv': 'a', 'b.csv': 'b' })), 'MULTIPLE_FILES');
  assert.equal(await outcome('x.zip', await zip({ 'day/': '' })), 'MULTIPLE_FILES');
  assert.equal(await outcome('x.zip', encrypted), 'ENCRYPTED_ARCHIVE');
});

test('a failure of the storage is no fault of the export', async () => {
  const failing = (bytes: Buffer): PackedSource => ({
    bytes: bytes.length,
    // oxlint-disable-next-line require-yield -- fails before the first byte
    async *read() {
      throw new Error('storage is away');
    },
  });
  for (const [name, bytes] of [
    ['x.gz', gzipSync(TEXT)],
    ['x.zip', await zip({ 'x.csv': TEXT })],
  ] as const) {
    await assert.rejects(outcome(name, bytes, { from: failing(bytes) }), { message: 'storage is away' });
  }
});
