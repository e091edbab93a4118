/**
 * Azurite in a process of its own: `node process.ts FOLDER BLOB_PORT QUEUE_PORT TABLE_PORT` (port 0 = any free one).
 * Reports its ports to the parent and ends, saving its tables, when told to, on SIGTERM, or when the parent is gone.
 * Its three servers are loaded one by one, which is three times quicker than Azurite's own entry point: that one
 * also loads its SQL drivers and its command line.
 */
import Module, { createRequire, enableCompileCache } from 'node:module';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from './folderLock.ts';

/** What the parent hears. */
export type StorageReport =
  { readonly ready: { blob: string; queue: string; table: string } } | { readonly failed: string };

type Server = { start(): Promise<void>; close(): Promise<void>; getHttpServerAddress(): string };
type ServerClass = new (configuration: unknown) => Server;
type ConfigurationClass = new (...options: unknown[]) => unknown;

const HOST = '127.0.0.1';
/** Longer than any pause between polls, so that no client meets a connection that is just being closed. */
const KEEP_ALIVE_SECONDS = 60;

enableCompileCache();
const require = createRequire(import.meta.url);

/** Azurite's telemetry stays off: its library is not even loaded. */
function withoutTelemetry<T>(load: () => T): T {
  const prototype: { require: (id: string) => unknown } = Module.prototype;
  const original = prototype.require;
  prototype.require = Object.assign(function (this: Module, id: string): unknown {
    return id === 'applicationinsights' ? {} : original.call(this, id);
  }, original);
  try {
    return load();
  } finally {
    prototype.require = original;
  }
}

function loadAzurite(path: string): unknown {
  return (require(`azurite/dist/src/${path}`) as { default: unknown }).default;
}

function createServers(folder: string, [blobPort, queuePort, tablePort]: readonly number[]): Server[] {
  const quiet = [false, undefined, false, undefined];
  const lenient = [false, true];
  const extents = (name: string) => [
    { locationId: 'Default', locationPath: join(folder, name), maxConcurrency: 50 },
  ];
  const database = (name: string) => join(folder, `__azurite_db_${name}__.json`);
  const server = (kind: 'blob' | 'queue' | 'table', name: string, options: unknown[]): Server => {
    const Configuration = loadAzurite(`${kind}/${name}Configuration.js`) as ConfigurationClass;
    const ServerOfKind = loadAzurite(`${kind}/${name}Server.js`) as ServerClass;
    return new ServerOfKind(new Configuration(HOST, ...options, ...lenient));
  };
  return withoutTelemetry(() => [
    server('blob', 'Blob', [
      blobPort,
      KEEP_ALIVE_SECONDS,
      database('blob'),
      database('blob_extent'),
      extents('__blobstorage__'),
      ...quiet,
    ]),
    server('queue', 'Queue', [
      queuePort,
      KEEP_ALIVE_SECONDS,
      database('queue'),
      database('queue_extent'),
      extents('__queuestorage__'),
      ...quiet,
    ]),
    server('table', 'Table', [
      tablePort,
      KEEP_ALIVE_SECONDS,
      database('table'),
      false,
      false,
      undefined,
      undefined,
    ]),
  ]);
}

async function main(): Promise<void> {
  const [folder = '.', ...ports] = process.argv.slice(2);
  await mkdir(folder, { recursive: true });
  const unlock = await lockFolder(folder);
  const servers = createServers(folder, ports.map(Number));
  await Promise.all(servers.map((server) => server.start()));

  let closing = false;
  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    await Promise.all(servers.map((server) => server.close()));
    await unlock();
    process.exit(0);
  };
  process.on('SIGTERM', () => void close());
  process.on('disconnect', () => void close());
  process.on('message', (message) => void (message === 'stop' && close()));

  const [blob = '', queue = '', table = ''] = servers.map((server) => server.getHttpServerAddress());
  process.send?.({ ready: { blob, queue, table } } satisfies StorageReport);
  if (!process.connected) await close();
}

try {
  await main();
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.send?.({ failed: text } satisfies StorageReport, () => process.exit(1));
}
