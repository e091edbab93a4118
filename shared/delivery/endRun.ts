import { ConflictError, PipelineError, type Reason } from '../errors.ts';
import { closeExport } from '../export/complete.ts';
import { toChunkTableRow } from '../ledger/chunkRows.ts';
import type { Stored } from '../ledger/exports.ts';
import { giveUpChunk } from '../ledger/giveUp.ts';
import type { ChunkRow, ExportRow } from '../ledger/model.ts';
import { quarantineAddress, writeQuarantine } from '../quarantine/quarantine.ts';
import { withKeptWords } from '../quarantine/words.ts';
import { SERVICE_REFUSED } from '../schema/codes.ts';
import { allSettled } from '../ledger/batches.ts';
import { chunkMessageOf } from '../ledger/chunkMessage.ts';
import type { ChunkRun } from './chunkRun.ts';
import { FencedError } from './faultKinds.ts';
import type { ChunkFindings } from './readChunk.ts';
import type { PushServices } from './services.ts';

/** What became of a message. None of it is an error: the host may delete the message. */
export type PushResult =
  /** The chunk is delivered, or failed for good. */
  | { readonly kind: 'settled' }
  /** It waits in the ledger, and a message for it on the queue, until `until` (UTC ms). */
  | { readonly kind: 'parked'; readonly until: number; readonly reason: Reason }
  /** A human must decide about a batch whose outcome is unknown. */
  | { readonly kind: 'held' }
  /** Work is left; another message is on the queue. */
  | { readonly kind: 'yielded' }
  /** Another invocation has the chunk, or it is not due yet; the ledger sees to it. */
  | { readonly kind: 'notOurs' }
  /** The ledger is out of reach, or the process is going away; the message is on the queue once more. */
  | { readonly kind: 'deferred' };

const iso = (ms: number): string => new Date(Math.ceil(ms)).toISOString();

/** The row given up by its owner in `state`. */
const released = (row: ChunkRow, state: ChunkRow['state'], now: number): ChunkRow => {
  const { dueAt: _dueAt, reason: _reason, ...rest } = row;
  return { ...rest, state, stateAt: iso(now), owner: '', claimUntil: '' };
};

/** Everything was read and every request is settled: finish the chunk, unless a human must decide about a batch. */
export async function finish(run: ChunkRun, findings: ChunkFindings): Promise<PushResult> {
  const { clock, log } = run.services;
  const { refusedAlone } = run.book;
  const { warnings } = findings;
  const refusals =
    refusedAlone > 0 ? { ...findings.refusals, [SERVICE_REFUSED]: refusedAlone } : findings.refusals;
  const known = (row: ChunkRow): ChunkRow => ({ ...row, refusals, warnings });
  if (!allSettled(run.row.batches)) {
    if (run.onlyBatch !== undefined) return yieldChunk(run);
    await run.writer.change((row) => known(released(row, 'held', clock.now())));
    log.error('chunk.held', run.where);
    return { kind: 'held' };
  }
  const quarantined = findings.refusedRecords + refusedAlone;
  const { accepted, failed, records } = run.row;
  if (accepted + quarantined + failed !== records) {
    throw new Error(
      `Chunk ${run.row.chunk}: ${accepted} + ${quarantined} + ${failed} records, not ${records}.`,
    );
  }
  if (quarantined > 0) await writeRefused(run, quarantined);
  await run.writer.change((row) => {
    const end = known(released(row, failed > 0 ? 'failed' : 'delivered', clock.now()));
    return { ...end, quarantined, parkings: 0, ...(failed > 0 ? { reason: countGap(failed) } : {}) };
  });
  log.info('chunk.settled', { ...run.where, records, count: quarantined, state: run.row.state });
  return complete(run);
}

async function writeRefused(run: ChunkRun, expected: number): Promise<void> {
  const { exportRow, plan, row, services } = run;
  const { blobs } = services;
  const target = quarantineAddress(exportRow, row.chunk, plan);
  const serviceRefusals = await withKeptWords(blobs, exportRow, run.serviceRefusals);
  const job = { plan, source: exportRow.source!, chunk: row, serviceRefusals, target };
  const written = await writeQuarantine(blobs, job);
  if (written !== expected)
    throw new Error(`Chunk ${row.chunk}: ${written} records in quarantine, not ${expected}.`);
}

const countGap = (records: number): Reason => ({
  code: 'COUNT_GAP',
  cause: `The service answered that it saved ${records} records fewer than it was sent.`,
  cure: 'Compare with the connector’s log in the Purview portal; replay the export to send the batches concerned once more.',
});

/** Go on at `until` (UTC ms). The ledger first, then the message: what gets lost in between, the sweep sends. */
export async function parkChunk(
  run: ChunkRun,
  reason: Reason,
  until: number,
  acceptedBefore: number,
): Promise<PushResult> {
  const { clock, queue, log } = run.services;
  const now = clock.now();
  await run.book.flush();
  await run.writer.change((row) => ({
    ...released(row, 'waiting', now),
    dueAt: iso(until),
    reason,
    parkings: row.accepted > acceptedBefore ? 1 : row.parkings + 1,
    issuedAt: iso(now),
    issues: row.issues + 1,
  }));
  const delayMs = Math.max(0, Math.ceil(until - now));
  await queue.send(chunkMessageOf(run.row, run.exportRow), delayMs);
  log.warn('chunk.parked', { ...run.where, code: reason.code, delayMs, dueAt: iso(until) });
  return { kind: 'parked', until, reason };
}

/** Go on later with a chunk that cannot even be claimed, because its connector is not configured. */
export async function parkUnclaimed(
  { row, etag }: Stored<ChunkRow>,
  exportRow: ExportRow,
  services: PushServices,
  error: unknown,
): Promise<PushResult> {
  const { clock, settings, tables, queue, log } = services;
  const reason = error instanceof PipelineError ? error.reason : notConfigured(exportRow.connector);
  const now = clock.now();
  const until = now + settings.probeMs;
  const issued = { issuedAt: iso(now), issues: row.issues + 1 };
  const parked = { ...released(row, 'waiting', now), ...issued, dueAt: iso(until), reason };
  try {
    await tables.chunks.replace(toChunkTableRow(parked), etag);
  } catch (conflict) {
    if (conflict instanceof ConflictError) return { kind: 'notOurs' };
    throw conflict;
  }
  await queue.send(chunkMessageOf(parked, exportRow), settings.probeMs);
  log.error('connector.notConfigured', { connector: exportRow.connector, code: reason.code });
  return { kind: 'parked', until, reason };
}

const notConfigured = (connector: string): Reason => ({
  code: 'CONNECTOR_NOT_CONFIGURED',
  cause: `No connector ${JSON.stringify(connector)} is configured.`,
  cure: 'Configure it, or cancel the export and move the file into the folder of a connector that is.',
});

/** Go on in another invocation, at once. */
export async function yieldChunk(run: ChunkRun): Promise<PushResult> {
  await release(run);
  await run.services.queue.send(chunkMessageOf(run.row, run.exportRow));
  return { kind: 'yielded' };
}

/** Give the claim up with the work undone. */
export async function release(run: ChunkRun): Promise<void> {
  const now = run.services.clock.now();
  await run.book.flush();
  await run.writer.change((row) => ({
    ...released(row, 'pending', now),
    issuedAt: iso(now),
    issues: row.issues + 1,
  }));
}

/** The export ended (cancelled, source lost): what was not accepted counts as failed. */
export async function giveUp(run: ChunkRun, reason: Reason): Promise<PushResult> {
  await failRest(run, reason);
  return complete(run);
}

async function failRest({ book, row, owner, services, where }: ChunkRun, reason: Reason): Promise<void> {
  const { tables, clock, log } = services;
  await book.flush();
  const isOurs = (current: ChunkRow): boolean => current.owner === owner;
  const left = await giveUpChunk(tables.chunks, row, reason, clock.now(), isOurs);
  if (left?.row.state !== 'failed') throw new FencedError('The chunk belongs to another invocation.');
  log.error('chunk.givenUp', { ...where, code: reason.code });
}

/** The pinned bytes of the chunk are gone or changed: the export ends `sourceLost`. */
export async function loseSource(run: ChunkRun): Promise<PushResult> {
  const { services, exportRow, row } = run;
  const reason: Reason = {
    code: 'SOURCE_LOST',
    cause: `Bytes ${row.start} to ${row.end} of the pinned export are gone or are no longer what was split.`,
    cure: 'Find out who deleted the export or its snapshot; replay the export if its file still lies there, else upload it with the metadata again=true: what was accepted is then received twice.',
  };
  services.log.error('export.sourceLost', run.where);
  await failRest(run, reason);
  await closeExport(exportRow, 'sourceLost', reason, services);
  return { kind: 'settled' };
}

async function complete(run: ChunkRun): Promise<PushResult> {
  await run.services.completion.complete(run.exportRow, run.services);
  return { kind: 'settled' };
}
