import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BlobAddress } from '../../shared/storage/blobs.ts';
import type { ExportFile } from './exportFile.ts';
import type { FloorResult, FloorTask } from './floorProcess.ts';
import { TOKEN, type Rig } from './rig.ts';

/** Workers of the floor: as many as the chunks that one instance pushes at once (host.json). */
const WORKERS = 4;
/** Bytes that one request holds are those that the pipeline puts into one. */
const RECORDS_PER_REQUEST = 5_000;
const CONTAINER = 'bench';
const UPLOAD_BYTES = 4 * 2 ** 20;

/** Lay a file where no function looks for exports. */
export async function layAside({ storage }: Rig, { file }: ExportFile): Promise<BlobAddress> {
  await storage.create({ tables: [], containers: [CONTAINER], queues: [] });
  const source = { container: CONTAINER, name: 'floor' };
  await storage.blobs.write(source, createReadStream(file, { highWaterMark: UPLOAD_BYTES }));
  return source;
}

/** Measure the floor once; see floorProcess.ts. */
export async function floorOf(rig: Rig, file: ExportFile, source: BlobAddress): Promise<FloorResult> {
  const child = fork(fileURLToPath(new URL('floorProcess.ts', import.meta.url)));
  const { connectionString, simulator } = rig;
  child.send({
    connectionString,
    source,
    bytes: file.bytes,
    url: simulator.url,
    jobId: simulator.jobId,
    token: TOKEN,
    workers: WORKERS,
    requests: Math.ceil(file.records / RECORDS_PER_REQUEST),
  } satisfies FloorTask);
  const died = once(child, 'exit').then(() => {
    throw new Error('The process that measures the floor ended without a result.');
  });
  died.catch(() => undefined);
  const [result] = (await Promise.race([once(child, 'message'), died])) as [FloorResult];
  return result;
}
