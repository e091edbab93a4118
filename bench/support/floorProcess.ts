/**
 * The floor of the job: the bytes of a blob, downloaded in ranges and POSTed as they are, by the clients that the pipeline uses and
 * by as many workers; nothing is scanned, judged, hashed or noted. Runs in a process of its own, as the pipeline does.
 */
import { systemClock } from '../../shared/clock.ts';
import { createConnectorClient } from '../../shared/connector/client.ts';
import type { BlobAddress } from '../../shared/storage/blobs.ts';
import { openStorage } from '../../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../../shared/storage/connection.ts';

/** What the process is told, as the message from its parent. */
export type FloorTask = {
  readonly connectionString: string;
  readonly source: BlobAddress;
  readonly bytes: number;
  readonly url: string;
  readonly jobId: string;
  readonly token: string;
  readonly workers: number;
  readonly requests: number;
};

/** What it answers. */
export type FloorResult = { readonly seconds: number; readonly cpuSeconds: number };

/** Any header line will do: the connector counts records behind it. */
const HEADER = Buffer.from('a,b\n');

async function floor(task: FloorTask): Promise<FloorResult> {
  const { connectionString, source, bytes, url, jobId, token, workers, requests } = task;
  const connection = readStorageConnection({ ExportStorage: connectionString }, 'ExportStorage');
  const storage = await openStorage(connection, { clock: systemClock, random: Math.random });
  const tokens = {
    get: () => Promise.resolve({ ok: true as const, token }),
    reject: () => undefined,
    renew: () => undefined,
  };
  const client = createConnectorClient({ url, jobId, tokens, clock: systemClock, deadlineMs: 400_000 });
  const { head, tail } = client.frame;
  const never = new AbortController().signal;
  const rangeBytes = Math.ceil(bytes / requests);
  let next = 0;

  async function work(): Promise<void> {
    const body = Buffer.allocUnsafeSlow(head.length + HEADER.length + rangeBytes);
    const prefix = head.copy(body) + HEADER.copy(body, head.length);
    for (;;) {
      const start = next;
      const end = Math.min(bytes, start + rangeBytes);
      if (start >= bytes) return;
      next = end;
      let length = prefix;
      for await (const piece of storage.blobs.read(source, { start, end })) {
        body.set(piece, length);
        length += piece.length;
      }
      const preparation = await client.prepare(never);
      if (preparation?.kind !== 'ready') throw new Error('There is no connection to the connector.');
      const outcome = await preparation.request.send([body.subarray(0, length), tail], () => true);
      if (outcome?.reason.status !== 200) throw new Error(`The connector answered ${outcome?.reason.code}.`);
    }
  }

  const cpu = process.cpuUsage();
  const begun = performance.now();
  await Promise.all(Array.from({ length: workers }, work));
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await client.close();
  await storage.close();
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

process.once('message', (task: FloorTask) => {
  void floor(task).then((result) => process.send?.(result, () => process.exit(0)));
});
