import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { FolderInUseError, lockFolder } from '../../local/storage/folderLock.ts';
import { startEmulator, type Emulator } from '../../local/storage/azurite.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'storage-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('what was stored is there after a stop and a start, on other ports', async () => {
  const first = await startEmulator({ folder });
  const container = BlobServiceClient.fromConnectionString(first.connectionString).getContainerClient(
    'exports',
  );
  await container.create();
  await container.getBlockBlobClient('hr/a.csv').upload('content', 7);
  const table = TableClient.fromConnectionString(first.connectionString, 'rows', {
    allowInsecureConnection: true,
  });
  await table.createTable();
  await table.createEntity({ partitionKey: 'p', rowKey: 'r', value: 1 });
  await first.stop();
  assert.equal(await first.ended, 0);

  const second = await startEmulator({ folder });
  try {
    const again = BlobServiceClient.fromConnectionString(second.connectionString).getContainerClient(
      'exports',
    );
    assert.equal((await again.getBlockBlobClient('hr/a.csv').downloadToBuffer()).toString(), 'content');
    const rows = TableClient.fromConnectionString(second.connectionString, 'rows', {
      allowInsecureConnection: true,
    });
    assert.equal((await rows.getEntity('p', 'r'))['value'], 1);
    assert.equal(
      (await readdir(join(folder, '__blobstorage__'))).length,
      1,
      'content lies in __blobstorage__',
    );
  } finally {
    await second.stop();
  }
});

test('the published key opens nothing, except where other tools shall look in', async () => {
  const run = await startEmulator({ folder: join(folder, 'own key') });
  const watched = await startEmulator({ folder: join(folder, 'published key'), publishedKey: true });
  const [key = ''] = /AccountKey=[^;]+/.exec(watched.connectionString) ?? [];
  const withKey = async ({ connectionString }: Emulator): Promise<number | undefined> =>
    BlobServiceClient.fromConnectionString(connectionString.replace(/AccountKey=[^;]+/, key), {
      retryOptions: { maxTries: 1 },
    })
      .getProperties()
      .then(
        () => 200,
        ({ statusCode }: { statusCode?: number }) => statusCode,
      );
  try {
    assert.match(key, /^AccountKey=Eby8/);
    assert.deepEqual([await withKey(run), await withKey(watched)], [403, 200]);
  } finally {
    await Promise.all([run.stop(), watched.stop()]);
  }
});

test('a port that is taken is named', async () => {
  const first = await startEmulator({ folder: join(folder, 'one') });
  try {
    const blobPort = Number(new URL(first.blobUrl).port);
    await assert.rejects(
      startEmulator({ folder: join(folder, 'two'), blobPort }),
      new RegExp(`EADDRINUSE.*${blobPort}`),
    );
  } finally {
    await first.stop();
  }
});

test('a folder serves one emulator at a time, and a dead owner does not hold it', async () => {
  const release = await lockFolder(folder);
  await assert.rejects(lockFolder(folder, 50), FolderInUseError);
  await release();
  await writeFile(join(folder, 'in-use.pid'), String(spawnSync(process.execPath, ['--version']).pid));
  const releaseAgain = await lockFolder(folder, 50);
  await releaseAgain();
});
