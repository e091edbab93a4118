import type { Stored } from '../ledger/exports.ts';
import { BATCH_LETTERS, type ChunkRow } from '../ledger/model.ts';
import type { TableStore } from '../storage/tables.ts';
import { goesInParts, isHeld, letterOf, withLetter, type BatchLetter } from '../ledger/batches.ts';
import { tallyOf, toPartsTableRow, type BatchParts, type Part } from '../ledger/parts.ts';

const { sending, held, sendingParts, inParts, doubtful, doubtfulParts, accepted, refused } = BATCH_LETTERS;

/** A batch settled in parts taken out of its chunk's figures again, because some of it is to be done once more. */
export function unsettled(row: ChunkRow, batch: number, parts: BatchParts, letter: BatchLetter): ChunkRow {
  const tally = tallyOf(parts);
  return {
    ...row,
    batches: withLetter(row.batches, batch, letter),
    accepted: row.accepted - tally.accepted,
    failed: Math.max(0, row.failed - tally.failed),
    possiblyDuplicated: row.possiblyDuplicated - tally.possiblyDuplicated,
  };
}

/** Whether a part is to be sent (again) on request: not settled, or not all of it saved. */
const isOpen = ({ state, gap }: Part): boolean => gap > 0 || (state !== accepted && state !== refused);

/**
 * A chunk as a replay leaves it for the next attempt, apart from its state: what was accepted and saved stays, what a human had
 * to decide about, what the service says it did not save and what never got through is to be sent; a resend is counted as such.
 */
export function reopened(row: ChunkRow, parts: ReadonlyMap<number, Stored<BatchParts>>): ChunkRow {
  let next = row;
  for (let batch = 0; batch < row.batches.length; batch++) {
    const letter = letterOf(row.batches, batch);
    const own = parts.get(batch)?.row;
    if (letter === inParts && own?.parts.some(isOpen) === true) {
      next = unsettled(next, batch, own, doubtfulParts);
    } else if (isHeld(letter) || letter === sending || letter === sendingParts) {
      const doubt = goesInParts(letter) ? doubtfulParts : doubtful;
      next = { ...next, batches: withLetter(next.batches, batch, doubt) };
    }
  }
  return { ...next, failed: 0, quarantined: 0, poisonings: 0, parkings: 0 };
}

/** Parts of a reopened batch: what may have been received is doubtful now. */
function reopenedParts(value: BatchParts): BatchParts {
  const parts = value.parts.map((part) => {
    const doubt = part.gap > 0 || part.state === held || part.state === sending;
    return doubt ? { ...part, state: doubtful, sent: 0, gap: 0 } : part;
  });
  return { ...value, parts };
}

/** Write the parts of every batch that `row` has reopened. Repeating it changes nothing. @throws {ConflictError} when somebody else writes them */
export async function reopenParts(
  chunks: Pick<TableStore, 'replace'>,
  row: ChunkRow,
  parts: ReadonlyMap<number, Stored<BatchParts>>,
): Promise<void> {
  for (const [batch, { row: value, etag }] of parts) {
    if (letterOf(row.batches, batch) !== doubtfulParts) continue;
    await chunks.replace(toPartsTableRow(row.exportId, row.chunk, batch, reopenedParts(value)), etag);
  }
}
