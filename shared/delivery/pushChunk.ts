import { ExportRejectedError, SourceLostError, type Reason } from '../errors.ts';
import { readChunk as readChunkRow } from '../ledger/chunks.ts';
import { readExport } from '../ledger/exports.ts';
import { FINAL_EXPORT_STATES, type ExportRow } from '../ledger/model.ts';
import { ChunkMessageError, parseChunkMessage, type ChunkPointer } from '../ledger/chunkMessage.ts';
import { isHeld, isSettled } from '../ledger/batches.ts';
import type { ChunkRun } from './chunkRun.ts';
import { admission } from './circuit.ts';
import { whyNot } from './claim.ts';
import {
  finish,
  giveUp,
  loseSource,
  parkChunk,
  parkUnclaimed,
  release,
  yieldChunk,
  type PushResult,
} from './endRun.ts';
import { FencedError, isEnvironmentFault } from './faultKinds.ts';
import type { Lane } from './lane.ts';
import { MAPPING_REFUSED } from './mappingGuard.ts';
import { openRun } from './openRun.ts';
import { readChunk, type ChunkFindings } from './readChunk.ts';
import type { PushServices } from './services.ts';

export type { PushResult } from './endRun.ts';

/** A message that came before its export was ready is looked at again after this, ms. */
const NOT_READY_MS = 10_000;
/** The host ends a process this long after its sign, ms. */
const STOPPING_MS = 5_000;

/**
 * Push one chunk: claim it, read its byte range once, judge each record, send the good ones in batches, several at a time, each
 * checked off in the ledger, and set the refused ones aside. Repeating a message is harmless, however late or early.
 *
 * Returns once the message may be deleted: the chunk is settled, or the ledger knows when to go on and a message says so. Faults of
 * the environment (service, network, storage) never throw as long as the queue can be reached.
 * @throws {ChunkMessageError} for a message that is none of ours, and whatever a fault of the program throws: both end on the poison queue
 */
export async function pushChunk(message: unknown, services: PushServices): Promise<PushResult> {
  const pointer = parseChunkMessage(message);
  const pushed = push(pointer, message as object, services);
  services.underWay(pushed);
  try {
    return await pushed;
  } catch (error) {
    if (!isEnvironmentFault(error)) throw error;
    const { settings, random, log, queue } = services;
    // Our own claim must have lapsed when the message comes back, or it would be taken for another's.
    await queue.send(message as object, Math.ceil(settings.claimMs * (1 + random() / 2)));
    const { exportId, chunk } = pointer;
    log.warn('chunk.deferred', { exportId, chunk, errorName: (error as Error).name });
    return { kind: 'deferred' };
  }
}

async function push(pointer: ChunkPointer, message: object, services: PushServices): Promise<PushResult> {
  const { tables, clock, queue } = services;
  if (services.stopping.aborted) {
    // Not at once, or this process might be given it again.
    await queue.send(message, STOPPING_MS);
    return { kind: 'deferred' };
  }
  const stored = await readChunkRow(tables.chunks, pointer.exportId, pointer.chunk);
  const exported = await readExport(tables.exports, pointer);
  if (stored === undefined || exported === undefined) throw unknownChunk();
  const obstacle = whyNot(stored.row, clock.now());
  if (obstacle === 'settled') {
    await services.completion.complete(pointer, services);
    return { kind: 'settled' };
  }
  if (obstacle === 'held') return { kind: 'held' };
  if (obstacle !== undefined) return { kind: 'notOurs' };
  const { state, source } = exported.row;
  const isPrepared = state !== 'received' && state !== 'splitting' && source !== undefined;
  if (!isPrepared && !FINAL_EXPORT_STATES.has(state)) {
    await queue.send(message, NOT_READY_MS);
    return { kind: 'deferred' };
  }
  let lane: Lane;
  try {
    lane = services.laneOf(exported.row.connector);
  } catch (error) {
    return parkUnclaimed(stored, exported.row, services, error);
  }
  const run = await openRun(services, stored, exported.row, lane);
  return run === undefined ? { kind: 'notOurs' } : work(run);
}

const unknownChunk = (): ChunkMessageError =>
  new ChunkMessageError({
    code: 'CHUNK_UNKNOWN',
    cause: 'A message names a chunk that the ledger does not know.',
    cure: 'Nothing is lost: the ledger knows what is to do. Find out whether the ledger’s tables were deleted.',
  });

async function work(run: ChunkRun): Promise<PushResult> {
  const acceptedBefore = run.row.accepted;
  const keeping = new AbortController();
  const { stopping } = run.services;
  const shutDown = (): void => run.stop.now({ kind: 'yield' });
  stopping.addEventListener('abort', shutDown);
  const kept = keepClaim(run, keeping.signal);
  try {
    const ended = endReason(run.exportRow);
    if (ended !== undefined) return await giveUp(run, ended);
    const findings = (await mayStart(run)) ? await read(run) : undefined;
    return await end(run, findings, acceptedBefore);
  } catch (error) {
    run.fail(error);
    if (error instanceof FencedError) return { kind: 'notOurs' };
    if (!isEnvironmentFault(error)) await release(run).catch(() => undefined);
    throw error;
  } finally {
    stopping.removeEventListener('abort', shutDown);
    keeping.abort();
    await kept;
  }
}

async function read(run: ChunkRun): Promise<ChunkFindings | undefined> {
  try {
    return await readChunk(run);
  } catch (error) {
    // What the split could read and this could not is no longer what was split.
    const isLost = error instanceof SourceLostError || error instanceof ExportRejectedError;
    if (isLost) run.stop.now({ kind: 'sourceLost' });
    else run.fail(error);
    return undefined;
  }
}

/** Look at the connector before anything is read for it. */
async function mayStart(run: ChunkRun): Promise<boolean> {
  const { clock, settings } = run.services;
  const connector = await run.lane.gate.fresh();
  const said = admission(connector, clock.now(), run.owner);
  if (said.kind === 'probeDue' && connector.reason?.code === MAPPING_REFUSED) {
    // Another batch each time: two records at fault in one batch shall not pass for a wrong mapping for ever.
    // One that is held is not sent: with nothing else left the chunk becomes held itself.
    const left = Array.from(run.row.batches, (_, batch) => batch).filter(
      (batch) => !isSettled(run.book.letter(batch)) && !isHeld(run.book.letter(batch)),
    );
    run.onlyBatch = left[connector.failures % left.length];
  }
  if (said.kind !== 'wait' || said.brief || said.until - clock.now() <= settings.shortWaitMs) return true;
  run.stop.now({ kind: 'park', reason: said.reason, until: said.until });
  return false;
}

async function end(
  run: ChunkRun,
  findings: ChunkFindings | undefined,
  acceptedBefore: number,
): Promise<PushResult> {
  const cause = run.stop.cause;
  if (cause === undefined) {
    if (findings === undefined) throw new Error('The chunk was not read to its end, and nothing says why.');
    return finish(run, findings);
  }
  if (cause.kind === 'park') return parkChunk(run, cause.reason, cause.until, acceptedBefore);
  if (cause.kind === 'yield') return yieldChunk(run);
  if (cause.kind === 'fenced') return { kind: 'notOurs' };
  if (cause.kind === 'ended') return giveUp(run, CANCELLED);
  if (cause.kind === 'sourceLost') return loseSource(run);
  throw cause.error;
}

const CANCELLED: Reason = {
  code: 'EXPORT_ENDED',
  cause: 'The export was cancelled, or its source was lost, before this chunk was through.',
  cure: 'Replay the export if its records shall be sent after all.',
};

const endReason = ({ state, closing }: ExportRow): Reason | undefined =>
  FINAL_EXPORT_STATES.has(state) || closing !== undefined ? CANCELLED : undefined;

/** Renew the claim at a third of its time, and notice when the export ends meanwhile. */
async function keepClaim(run: ChunkRun, signal: AbortSignal): Promise<void> {
  const { clock, settings, tables } = run.services;
  try {
    for (;;) {
      await clock.sleep(settings.claimMs / 3, signal).catch(() => undefined);
      if (signal.aborted) return;
      await run.writer.change((row) => row);
      if (run.ends) continue;
      const exported = await readExport(tables.exports, run.exportRow);
      if (exported === undefined || endReason(exported.row) !== undefined) run.stop.now({ kind: 'ended' });
    }
  } catch (error) {
    run.fail(error);
  }
}
