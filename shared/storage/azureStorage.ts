import { AzureNamedKeyCredential, TableClient, type TableServiceClientOptions } from '@azure/data-tables';
import {
  BlobServiceClient,
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import {
  QueueServiceClient,
  StorageSharedKeyCredential as QueueSharedKeyCredential,
} from '@azure/storage-queue';
import { Agent } from 'undici';
import type { Clock, Random } from '../clock.ts';
import { azureBlobs, type AzureBlobServices } from './azureBlobs.ts';
import { azureQueue } from './azureQueue.ts';
import { azureTable } from './azureTables.ts';
import type { BlobStore } from './blobs.ts';
import type { StorageConnection } from './connection.ts';
import type { MessageQueue } from './queue.ts';
import { RANGE_READER, type RangeReaderSettings } from './rangeReader.ts';
import { STORAGE_RETRY, type RetrySettings } from './retry.ts';
import { ServerClock } from './serverClock.ts';
import type { TableStore } from './tables.ts';

const SCOPE = 'https://storage.azure.com/.default';
/** Version of the blob service's interface for requests made without the SDK. */
const BLOB_API_VERSION = '2023-11-03';
const SAS_MS = 3_600_000;

/** An account's three services behind the ports of the domain. */
export type Storage = {
  readonly blobs: BlobStore;
  /** The machine's clock, corrected by what the table service says. */
  readonly clock: Clock;
  table(name: string): TableStore;
  queue(name: string): MessageQueue;
  /** Make what does not exist yet; for local runs, where no template has done it. */
  create(names: {
    tables: readonly string[];
    containers: readonly string[];
    queues: readonly string[];
  }): Promise<void>;
  /** Close kept-alive connections of the range reader. */
  close(): Promise<void>;
};

export type StorageOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly retry?: RetrySettings;
  readonly rangeReader?: RangeReaderSettings;
};

/** Open an account. Nothing is sent before the first call. `@azure/identity` is loaded only when an identity is used. */
export async function openStorage(
  connection: StorageConnection,
  {
    clock: localClock,
    random,
    retry: retrySettings = STORAGE_RETRY,
    rangeReader = RANGE_READER,
  }: StorageOptions,
): Promise<Storage> {
  const clock = new ServerClock(localClock);
  const retry = { clock, random, settings: retrySettings };
  const dispatcher = new Agent();
  const { blobService, queueService, tableClient, authorise } = await clientsOf(connection, clock);
  return {
    clock,
    blobs: azureBlobs(blobService, { authorise, dispatcher, retry, settings: rangeReader }),
    table: (name) => azureTable(tableClient(name), retry),
    queue: (name) => azureQueue(queueService.getQueueClient(name), retry),
    async create({ tables, containers, queues }) {
      await Promise.all([
        ...tables.map((name) => tableClient(name).createTable()),
        ...containers.map((name) => blobService.getContainerClient(name).createIfNotExists()),
        ...queues.map((name) => queueService.getQueueClient(name).createIfNotExists()),
      ]);
    },
    close: () => dispatcher.close(),
  };
}

type Clients = {
  readonly blobService: BlobServiceClient;
  readonly queueService: QueueServiceClient;
  readonly tableClient: (name: string) => TableClient;
  readonly authorise: AzureBlobServices['authorise'];
};

async function clientsOf(connection: StorageConnection, clock: ServerClock): Promise<Clients> {
  const { blobUrl, queueUrl, tableUrl, credential } = connection;
  // Retries have one place, shared/storage/retry.ts.
  const once = { retryOptions: { maxTries: 1 } };
  const tableOptions: TableServiceClientOptions = {
    retryOptions: { maxRetries: 0 },
    allowInsecureConnection: tableUrl.startsWith('http://'),
  };
  if (credential.kind === 'key') {
    const { accountName, accountKey } = credential;
    const key = new StorageSharedKeyCredential(accountName, accountKey);
    const tableKey = new AzureNamedKeyCredential(accountName, accountKey);
    return {
      blobService: new BlobServiceClient(blobUrl, key, once),
      queueService: new QueueServiceClient(
        queueUrl,
        new QueueSharedKeyCredential(accountName, accountKey),
        once,
      ),
      tableClient: (name) => observed(new TableClient(tableUrl, name, tableKey, tableOptions), clock),
      authorise: sasAuthoriser(key, clock),
    };
  }
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  const identity =
    credential.kind === 'default'
      ? new DefaultAzureCredential()
      : new ManagedIdentityCredential(
          credential.clientId === undefined ? {} : { clientId: credential.clientId },
        );
  return {
    blobService: new BlobServiceClient(blobUrl, identity, once),
    queueService: new QueueServiceClient(queueUrl, identity, once),
    tableClient: (name) => observed(new TableClient(tableUrl, name, identity, tableOptions), clock),
    authorise: async (url) => {
      const token = await identity.getToken(SCOPE);
      return {
        url,
        headers: { authorization: `Bearer ${token.token}`, 'x-ms-version': BLOB_API_VERSION },
      };
    },
  };
}

/** Reads the Date header of every answer of the table service. */
function observed(client: TableClient, clock: ServerClock): TableClient {
  client.pipeline.addPolicy({
    name: 'serverDate',
    sendRequest: (request, next) =>
      clock.observe(
        () => next(request),
        ({ headers }) => headers.get('date'),
      ),
  });
  return client;
}

/** A signature for reading this one blob or snapshot, made here with the account's key. */
function sasAuthoriser(key: StorageSharedKeyCredential, clock: Clock): AzureBlobServices['authorise'] {
  return (url, { container, name, snapshot }) => {
    const values = {
      containerName: container,
      blobName: name,
      permissions: BlobSASPermissions.from({ read: true }),
      expiresOn: new Date(clock.now() + SAS_MS),
      ...(snapshot === undefined ? {} : { snapshotTime: snapshot }),
    };
    const query = generateBlobSASQueryParameters(values, key).toString();
    return Promise.resolve({ url: `${url}${url.includes('?') ? '&' : '?'}${query}`, headers: {} });
  };
}
