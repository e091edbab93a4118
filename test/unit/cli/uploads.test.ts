import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { fileJob } from '../../../local/cli/job.ts';
import type { LedgerView } from '../../../local/cli/ledgerView.ts';
import { sameBytes } from '../../../local/cli/sameBytes.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'uploads-'));
after(() => rm(folder, { recursive: true }));
const file = path.join(folder, 'a.csv');
const content = Buffer.from('0123456789'.repeat(100));
await writeFile(file, content);

const piecesOf = (bytes: Buffer, size: number): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    ),
  );

test('streams are the same whatever the sizes of their pieces, and both are closed at the first difference', async () => {
  const other = Buffer.from(content);
  other[2] = 0;
  for (const [left, same] of [
    [content, true],
    [other, false],
    [content.subarray(1), false],
    [content.subarray(0, -1), false],
    [Buffer.concat([content, content]), false],
    [Buffer.alloc(0), false],
  ] as const) {
    for (const size of [1, 7, 64, 5_000]) {
      const blob = piecesOf(left, size);
      const read = createReadStream(file, { highWaterMark: 16 });
      assert.equal(await sameBytes(blob, read), same, `${left.length} bytes by ${size}`);
      assert.deepEqual([blob.destroyed, read.destroyed], [true, true]);
    }
  }
});

test('Ctrl-C ends the upload under way and begins no other; what was not uploaded says so', async (t) => {
  const interrupt = new AbortController();
  const asked: (string | undefined)[] = [];
  // A storage that takes the first upload and never answers.
  const server = createServer(({ method, url }) => {
    asked.push(`${method} ${url?.split('?')[0]}`);
    interrupt.abort();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const blobEndpoint = `http://127.0.0.1:${port}/account`;
  const stack = {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;BlobEndpoint=${blobEndpoint};`,
    ledger: { unfinished: () => Promise.resolve([]) } as unknown as LedgerView,
  };
  const inputs = ['a.csv', 'b.csv'].map((name) => ({ file, name, bytes: content.length }));
  const flags = { out: folder, seed: 1, connector: 'healthcare' };
  const { exports } = await fileJob(stack, inputs, flags, () => undefined, interrupt.signal);
  assert.deepEqual(exports, [{ name: 'a.csv' }, { name: 'b.csv' }]);
  assert.deepEqual(asked, ['PUT /account/exports/healthcare/a.csv']);
});
