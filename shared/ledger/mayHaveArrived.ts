import type { TableStore } from '../storage/tables.ts';
import { goesInParts, letterOf } from './batches.ts';
import { CHUNK_KIND, fromChunkTableRow } from './chunkRows.ts';
import { fromPartsTableRow } from './parts.ts';

/** Letters of batches and parts that the service took, or may have taken. */
const SENT = /[asdh]/u;

/** Whether the service may have received a record of an export, as far as its chunks and the parts of their batches tell. */
export async function mayHaveArrived(chunks: Pick<TableStore, 'list'>, exportId: string): Promise<boolean> {
  let batches = '';
  // A chunk's row comes before those of its parts.
  for await (const { row } of chunks.list({ partitionKey: exportId })) {
    if (row['kind'] === CHUNK_KIND) {
      const chunk = fromChunkTableRow(row);
      ({ batches } = chunk);
      if (chunk.accepted > 0 || chunk.possiblyDuplicated > 0 || SENT.test(batches)) return true;
    } else if (goesInParts(letterOf(batches, Number(row.rowKey.split('.b')[1])))) {
      const { parts, duplicated } = fromPartsTableRow(row);
      if (duplicated > 0 || parts.some(({ state }) => SENT.test(state))) return true;
    }
  }
  return false;
}
