import { PipelineError } from '../errors.ts';
import type { ChunkMessage } from '../export/types.ts';
import type { ChunkRow, ExportRow } from './model.ts';

/** A message that is none of ours: garbage, or of another version. It belongs on the poison queue. */
export class ChunkMessageError extends PipelineError {}

/** What of a message is believed: which chunk it is about. All else is read from the ledger. */
export type ChunkPointer = Pick<ChunkMessage, 'exportId' | 'connectorKey' | 'chunk' | 'traceparent'>;

const KEY = /^[0-9a-f]{1,64}$/u;

/**
 * The chunk that a queue message points to.
 * @throws {ChunkMessageError} when it is no chunk message of version 1
 */
export function parseChunkMessage(message: unknown): ChunkPointer {
  const value = typeof message === 'object' && message !== null ? (message as Partial<ChunkMessage>) : {};
  const { v, exportId, connectorKey, chunk, traceparent } = value;
  if (
    v !== 1 ||
    typeof exportId !== 'string' ||
    !KEY.test(exportId) ||
    typeof connectorKey !== 'string' ||
    !KEY.test(connectorKey) ||
    typeof chunk !== 'number' ||
    !Number.isInteger(chunk) ||
    chunk < 1
  ) {
    throw new ChunkMessageError({
      code: 'MESSAGE_UNKNOWN',
      cause: 'A message on the queue of chunks is not a chunk message of version 1.',
      cure: 'Nothing is lost: the ledger knows what is to do and the sweep sends the message anew. Find out who else writes to this queue.',
    });
  }
  return {
    exportId,
    connectorKey,
    chunk,
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
  };
}

/** The message of a chunk, made from the ledger. @throws {Error} when the export has no pinned source */
export function chunkMessageOf(row: ChunkRow, { source, traceparent }: ExportRow): ChunkMessage {
  if (source === undefined) throw new Error(`Export ${row.exportId} has no pinned source.`);
  const { container, snapshot } = source;
  const { exportId, connectorKey, chunk, start, end, firstRecord, firstLine, records } = row;
  return {
    v: 1,
    exportId,
    connectorKey,
    chunk,
    source: { container, ...(snapshot === undefined ? {} : { snapshot }) },
    start,
    end,
    firstRecord,
    firstLine,
    records,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
