import { jsonColumns, jsonOf, required } from './columns.ts';
import type { Stored } from './exports.ts';
import { BATCH_LETTERS, chunkRowKey } from './model.ts';
import type { TableRow, TableStore } from '../storage/tables.ts';
import type { BatchLetter } from './batches.ts';

/** Value of the column `kind` that tells these rows from the rows of chunks. */
const PARTS_KIND = 'parts';

/** A run of record numbers of a batch that went out, or will go out, in a request of its own. */
export type Part = {
  /** Record numbers, `to` exclusive; records refused by validation are inside and never sent. */
  readonly from: number;
  readonly to: number;
  readonly state: BatchLetter;
  /** Records that the request held; 0 while unsent. */
  readonly sent: number;
  /** How many of them the service says it did not save. */
  readonly gap: number;
};

/** What became of a batch that did not go out as one request, or of which a part was not saved. */
export type BatchParts = {
  /** In order, without holes: they cover the batch. */
  readonly parts: readonly Part[];
  /** Records resent after an unknown outcome; joins the chunk's count when the batch is settled. */
  readonly duplicated: number;
  /** Claim under which it was last written. */
  readonly writer: string;
};

/** A stretch not tried yet. */
export const unsentPart = (from: number, to: number): Part => ({
  from,
  to,
  state: BATCH_LETTERS.unsent,
  sent: 0,
  gap: 0,
});

/**
 * `parts` with the stretch that `change` covers replaced by it; what is left of a part it covers only partly stays as it was.
 * Neighbours that are both accepted, or both refused, become one.
 */
export function withPart(parts: readonly Part[], change: Part): Part[] {
  const next: Part[] = [];
  const add = (part: Part): void => {
    const last = next.at(-1);
    const joins =
      last !== undefined &&
      last.state === part.state &&
      (part.state === BATCH_LETTERS.accepted || part.state === BATCH_LETTERS.refused) &&
      last.gap === 0 &&
      part.gap === 0;
    if (joins) next[next.length - 1] = { ...last, to: part.to, sent: last.sent + part.sent };
    else next.push(part);
  };
  let placed = false;
  for (const part of parts) {
    if (part.to <= change.from || part.from >= change.to) {
      if (!placed && part.from >= change.to) {
        add(change);
        placed = true;
      }
      add(part);
      continue;
    }
    if (part.from < change.from) add({ ...part, to: change.from });
    if (!placed) add(change);
    placed = true;
    if (part.to > change.to) add({ ...part, from: change.to });
  }
  if (!placed) add(change);
  return next;
}

/** What a batch in parts adds to its chunk once settled. */
export type PartsTally = { accepted: number; failed: number; refused: number; possiblyDuplicated: number };

/** Sums over the parts that are settled. */
export function tallyOf({ parts, duplicated }: BatchParts): PartsTally {
  const tally = { accepted: 0, failed: 0, refused: 0, possiblyDuplicated: duplicated };
  for (const { state, sent, gap } of parts) {
    if (state === BATCH_LETTERS.accepted) {
      tally.accepted += sent - gap;
      tally.failed += gap;
    } else if (state === BATCH_LETTERS.refused) tally.refused += sent;
  }
  return tally;
}

/** A batch's parts as a row of the table `chunks`. */
export function toPartsTableRow(exportId: string, chunk: number, batch: number, value: BatchParts): TableRow {
  const { parts, duplicated, writer } = value;
  return {
    partitionKey: exportId,
    rowKey: chunkRowKey(chunk, batch),
    kind: PARTS_KIND,
    duplicated,
    writer,
    ...jsonColumns(
      'parts',
      parts.map(({ from, to, state, sent, gap }) => [from, to, state, sent, gap]),
    ),
  };
}

/** The parts that a row of the table `chunks` describes. @throws {Error} when it is no such row */
export function fromPartsTableRow(row: TableRow): BatchParts {
  const list = (jsonOf(row, 'parts') ?? []) as [number, number, BatchLetter, number, number][];
  return {
    parts: list.map(([from, to, state, sent, gap]) => ({ from, to, state, sent, gap })),
    duplicated: required(row, 'duplicated', 'number'),
    writer: required(row, 'writer', 'string'),
  };
}

/** Parts of every batch of a chunk that has any, by number of the batch. */
export async function readParts(
  chunks: Pick<TableStore, 'list'>,
  exportId: string,
  chunk: number,
): Promise<Map<number, Stored<BatchParts>>> {
  const found = new Map<number, Stored<BatchParts>>();
  const prefix = `${chunkRowKey(chunk)}.b`;
  for await (const { row, etag } of chunks.list({
    partitionKey: exportId,
    from: prefix,
    to: `${prefix}~`,
  })) {
    found.set(Number(row.rowKey.slice(prefix.length)), { row: fromPartsTableRow(row), etag });
  }
  return found;
}
