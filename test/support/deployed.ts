import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { open, type Entry, type ZipFile } from 'yauzl';
import { HOST_PROGRAM } from '../../local/build/build.ts';
import { appSettingsFor } from '../../local/cli/appSettings.ts';
import { LedgerView } from '../../local/cli/ledgerView.ts';
import { openLocal } from '../../local/cli/stack.ts';
import { startFunctions, type Functions } from '../../local/host/supervisor.ts';
import { startSimulator } from '../../local/simulator/simulator.ts';
import type { JournalEntry } from '../../local/simulator/types.ts';
import { startEmulator } from '../../local/storage/azurite.ts';
import { CONTAINERS, QUEUES, TABLES } from '../../shared/ledger/model.ts';

/** The deployed app on one machine, fed as Azure feeds it. */
export type Deployed = {
  readonly functions: Functions;
  readonly ledger: LedgerView;
  /** Put a blob into `exports` (or another container); returns its URL and ETag. */
  upload(blobName: string, content: string, container?: string): Promise<{ url: string; etag: string }>;
  /** What Event Grid puts on the storage queue. */
  enqueueEvent(event: object): Promise<void>;
  /** POST to the blob webhook, as Event Grid does. */
  post(events: readonly object[]): Promise<{ status: number; body: string }>;
  /** Requests that the connector saw. */
  requests(): Promise<readonly JournalEntry[]>;
  stop(): Promise<void>;
};

/** Unpack a zip into a folder. */
export async function unzip(file: string, folder: string): Promise<void> {
  const zip = (await promisify<string, object, ZipFile>(open)(file, { lazyEntries: true })) as ZipFile;
  const openEntry = promisify(zip.openReadStream.bind(zip)) as (
    entry: Entry,
  ) => Promise<NodeJS.ReadableStream>;
  await new Promise<void>((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      const target = path.join(folder, entry.fileName);
      mkdir(path.dirname(target), { recursive: true })
        .then(async () => writeFile(target, await buffer(await openEntry(entry))))
        .then(() => zip.readEntry(), reject);
    });
    zip.once('end', resolve).once('error', reject);
    zip.readEntry();
  });
}

/** Start the app that lies in `appFolder` with the given source of events. */
export async function startDeployed(
  appFolder: string,
  out: string,
  eventSource: 'blobWebhook' | 'queue',
): Promise<Deployed> {
  const storage = await startEmulator({ folder: path.join(out, 'storage') });
  const simulator = await startSimulator({});
  const { connectionString } = storage;
  const account = await openLocal(connectionString);
  const options = { out, connector: 'healthcare', latency: 0, seed: 1 };
  // The sweep would find the blobs by itself: it must not, or an event that does nothing would go unnoticed.
  const settings = appSettingsFor(options, connectionString, simulator, {
    EVENT_SOURCE: eventSource,
    SWEEP_SCHEDULE: '0 0 0 1 1 *',
  });
  const functions = await startFunctions({
    appFolder,
    entry: HOST_PROGRAM,
    settings,
    logFile: path.join(out, 'functions.log'),
  });
  const blobs = BlobServiceClient.fromConnectionString(connectionString);
  const queue = QueueServiceClient.fromConnectionString(connectionString).getQueueClient(QUEUES.blobEvents);
  const { exports, chunks, connectors } = TABLES;
  return {
    functions,
    ledger: new LedgerView({
      exports: account.table(exports),
      chunks: account.table(chunks),
      connectors: account.table(connectors),
    }),
    async upload(blobName, content, container = CONTAINERS.exports) {
      const client = blobs.getContainerClient(container);
      await client.createIfNotExists();
      const blob = client.getBlockBlobClient(blobName);
      const { etag = '' } = await blob.upload(content, Buffer.byteLength(content));
      return { url: blob.url, etag };
    },
    async enqueueEvent(event) {
      await queue.sendMessage(Buffer.from(JSON.stringify(event)).toString('base64'));
    },
    async post(events) {
      const url = `http://127.0.0.1:${String(functions.port)}/runtime/webhooks/blobs?functionName=Host.Functions.splitExport`;
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(events),
      });
      return { status: answer.status, body: await answer.text() };
    },
    requests: async () => (await simulator.log()).filter(({ kind }) => kind === 'signal'),
    async stop() {
      await functions.stop();
      await simulator.close();
      await account.close();
      await storage.stop();
    },
  };
}
