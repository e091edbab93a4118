import { BATCH_LETTERS, type ChunkRow } from './model.ts';

/** One letter of `ChunkRow.batches`. */
export type BatchLetter = (typeof BATCH_LETTERS)[keyof typeof BATCH_LETTERS];

/** Every batch unsent. */
export const freshBatches = (records: number, recordsPerRequest: number): string =>
  BATCH_LETTERS.unsent.repeat(Math.ceil(records / recordsPerRequest));

/** `batches` with the letter of one batch changed. */
export const withLetter = (batches: string, batch: number, letter: BatchLetter): string =>
  `${batches.slice(0, batch)}${letter}${batches.slice(batch + 1)}`;

/** Letter of batch `batch`, from 0. */
export const letterOf = (batches: string, batch: number): BatchLetter => batches[batch] as BatchLetter;

const SETTLED: ReadonlySet<string> = new Set([
  BATCH_LETTERS.accepted,
  BATCH_LETTERS.refused,
  BATCH_LETTERS.inParts,
]);

const IN_PARTS: ReadonlySet<string> = new Set([
  BATCH_LETTERS.sendingParts,
  BATCH_LETTERS.heldParts,
  BATCH_LETTERS.doubtfulParts,
  BATCH_LETTERS.inParts,
]);

/** Whether a batch goes, or went, out in parts: only then does its row of parts mean anything. */
export const goesInParts = (letter: BatchLetter): boolean => IN_PARTS.has(letter);

/** Whether a human decides about a batch. */
export const isHeld = (letter: BatchLetter): boolean =>
  letter === BATCH_LETTERS.held || letter === BATCH_LETTERS.heldParts;

/** Whether nothing of a batch is still to do. */
export const isSettled = (letter: BatchLetter): boolean => SETTLED.has(letter);

/** Whether nothing of any batch is still to do. */
export const allSettled = (batches: string): boolean =>
  Array.from(batches).every((letter) => SETTLED.has(letter));

/** Numbers of the records of batch `batch`: `from` inclusive, `to` exclusive, refused ones included. */
export function batchRange(
  { firstRecord, records }: Pick<ChunkRow, 'firstRecord' | 'records'>,
  recordsPerRequest: number,
  batch: number,
): { from: number; to: number } {
  const from = firstRecord + batch * recordsPerRequest;
  return { from, to: Math.min(from + recordsPerRequest, firstRecord + records) };
}
