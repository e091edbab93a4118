import type { Clock } from '../clock.ts';
import type { Reason } from '../errors.ts';
import { completeExport, type CompleteServices } from '../export/complete.ts';
import { readChunk, reissueChunk } from '../ledger/chunks.ts';
import { readExport } from '../ledger/exports.ts';
import { giveUpChunk } from '../ledger/giveUp.ts';
import { FINAL_CHUNK_STATES, FINAL_EXPORT_STATES, type ChunkRow } from '../ledger/model.ts';
import type { MessageQueue } from '../storage/queue.ts';
import { ChunkMessageError, parseChunkMessage, type ChunkPointer } from '../ledger/chunkMessage.ts';

/** How often a chunk may go round without a batch accepted. Times in ms. */
export type PoisonSettings = {
  readonly poisonings: number;
  /** Delay of the next try; tenfold with each poisoning, so that what harms the chunk has time to pass. */
  readonly delayMs: number;
};

/** What holds where nothing else was set. */
export const DEFAULT_POISON_SETTINGS: PoisonSettings = { poisonings: 3, delayMs: 60_000 };

export type FailServices = CompleteServices & {
  readonly queue: MessageQueue;
  readonly clock: Pick<Clock, 'now'>;
  readonly poison: PoisonSettings;
};

/**
 * Decide on a chunk whose message the host gave up: several crashes in a row. One that got a batch accepted since its last
 * poisoning is tried again; after three poisonings without progress it is `failed` and its export ends without it. A message
 * that is none of ours, or that the ledger knows nothing of, is dropped: the ledger says what is to do.
 */
export async function failChunk(message: unknown, services: FailServices): Promise<void> {
  const { log } = services;
  const pointer = pointerOf(message);
  if (pointer === undefined) {
    log.error('poison.unknownMessage', { code: 'MESSAGE_UNKNOWN' });
    return;
  }
  const exported = await readExport(services.tables.exports, pointer);
  const chunk = await readChunk(services.tables.chunks, pointer.exportId, pointer.chunk);
  if (exported === undefined || chunk === undefined || FINAL_EXPORT_STATES.has(exported.row.state)) {
    log.warn('poison.nothingToDo', { exportId: pointer.exportId, chunk: pointer.chunk });
    return;
  }
  const { row } = chunk;
  const now = services.clock.now();
  if (FINAL_CHUNK_STATES.has(row.state)) {
    await completeExport(pointer, services);
    return;
  }
  // Somebody works on it under another message: that one's end counts.
  if (row.state === 'pushing' && Date.parse(row.claimUntil) > now) return;

  const progressed = row.accepted > row.acceptedAtPoisoning;
  const poisonings = progressed ? 1 : row.poisonings + 1;
  if (poisonings >= services.poison.poisonings) {
    await giveUp(row, exported.row.connector, poisonings, services);
    return;
  }
  const counted = { poisonings, acceptedAtPoisoning: row.accepted };
  const delayMs = services.poison.delayMs * 10 ** (poisonings - 1);
  const { chunks } = services.tables;
  const reissuing = { chunks, queue: services.queue, now };
  if (!(await reissueChunk(reissuing, exported.row, chunk, counted, delayMs))) return;
  const where = { exportId: row.exportId, connector: exported.row.connector, chunk: row.chunk };
  log.warn('chunk.poisoned', { ...where, attempt: poisonings, delayMs });
}

function pointerOf(message: unknown): ChunkPointer | undefined {
  try {
    return parseChunkMessage(message);
  } catch (error) {
    if (error instanceof ChunkMessageError) return undefined;
    throw error;
  }
}

async function giveUp(
  row: ChunkRow,
  connector: string,
  poisonings: number,
  services: FailServices,
): Promise<void> {
  const { tables, clock, log } = services;
  const reason: Reason = {
    code: 'CHUNK_POISONED',
    cause: `The process ended ${poisonings} times over while it pushed chunk ${row.chunk}, without one batch getting through.`,
    cure: 'Look for the error in the logs of pushChunk, mend its cause, then replay the chunk.',
  };
  const { exportId, connectorKey, chunk } = row;
  const isUnchanged = ({ accepted, claimUntil }: ChunkRow): boolean =>
    accepted <= row.accepted && claimUntil === row.claimUntil;
  const left = await giveUpChunk(tables.chunks, row, reason, clock.now(), isUnchanged);
  // Taken up again meanwhile, or ended by another, it has not failed of this.
  const { state, reason: why } = left?.row ?? {};
  if (state === 'failed' && why?.code === reason.code)
    log.error('chunk.failed', { exportId, connector, chunk, code: reason.code });
  await completeExport({ connectorKey, exportId }, services);
}
