import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { readConfig } from '../../shared/config/config.ts';
import { CONTAINERS, TABLES } from '../../shared/ledger/model.ts';
import { writeDay, writeLatest } from '../../shared/report/writeStatus.ts';
import { dayOf } from '../../shared/report/days.ts';
import { writeLedgerFile } from './ledgerFile.ts';
import type { Stack } from './stack.ts';

/** Files of a run that a user may want to open. */
export type OutputPaths = { readonly status: readonly string[]; readonly quarantine: readonly string[] };

/**
 * Write the status of today, and copy status, quarantine and ledger into the output folder.
 *
 * @returns paths of the newest status and of every quarantine file
 */
export async function collectOutput(
  { storage, connectionString, settings }: Stack,
  out: string,
): Promise<OutputPaths> {
  const { report, connectors } = readConfig(settings);
  const { timeZone, expectedBy, hashBlobNames } = report;
  const tables = {
    exports: storage.table(TABLES.exports),
    chunks: storage.table(TABLES.chunks),
    connectors: storage.table(TABLES.connectors),
    marks: storage.table(TABLES.marks),
  };
  const services = {
    tables,
    blobs: storage.blobs,
    clock: storage.clock,
    settings: {
      connectors: connectors.map(({ name }) => name),
      timeZone,
      hashBlobNames,
      ...(expectedBy === undefined ? {} : { expectedBy }),
    },
  };
  const { names } = await writeDay(dayOf(storage.clock.now(), timeZone), services);
  await writeLatest(services);
  await mirrorContainer(connectionString, CONTAINERS.status, path.join(out, 'status'));
  const quarantine = await mirrorContainer(
    connectionString,
    CONTAINERS.quarantine,
    path.join(out, 'quarantine'),
  );
  await writeLedgerFile((name) => storage.table(name), path.join(out, 'ledger.json'));
  return { status: names.map((name) => path.join(out, 'status', name)), quarantine };
}

/**
 * Copy every blob of a container into a folder, under the same names.
 *
 * @returns paths of the files, in the order of their names
 */
async function mirrorContainer(
  connectionString: string,
  container: string,
  folder: string,
): Promise<string[]> {
  const client = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(container);
  const files: string[] = [];
  await mkdir(folder, { recursive: true });
  if (!(await client.exists())) return files;
  for await (const { name } of client.listBlobsFlat()) {
    const file = path.join(folder, ...name.split('/').filter((part) => part !== '..' && part !== '.'));
    await mkdir(path.dirname(file), { recursive: true });
    const { readableStreamBody } = await client.getBlobClient(name).download();
    await pipeline(readableStreamBody ?? Readable.from([]), createWriteStream(file));
    files.push(file);
  }
  return files;
}
