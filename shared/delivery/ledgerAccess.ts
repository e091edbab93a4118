import { ConflictError } from '../errors.ts';
import { fromChunkTableRow, toChunkTableRow } from '../ledger/chunkRows.ts';
import { fromExportTableRow, toExportTableRow } from '../ledger/exportRows.ts';
import { chunkRowKey, type ChunkRow, type ExportRow } from '../ledger/model.ts';
import type { TableStore } from '../storage/tables.ts';
import type { Versioned } from './groupedWriter.ts';

/** An export as the ledger has it now; undefined when it is not there. */
export async function readExport(
  exports: Pick<TableStore, 'get'>,
  connectorKey: string,
  exportId: string,
): Promise<Versioned<ExportRow> | undefined> {
  const stored = await exports.get(connectorKey, exportId);
  return stored && { value: fromExportTableRow(stored.row), etag: stored.etag };
}

/** A chunk as the ledger has it now; undefined when it is not there. */
export async function readChunkRow(
  chunks: Pick<TableStore, 'get'>,
  exportId: string,
  chunk: number,
): Promise<Versioned<ChunkRow> | undefined> {
  const stored = await chunks.get(exportId, chunkRowKey(chunk));
  return stored && { value: fromChunkTableRow(stored.row), etag: stored.etag };
}

/**
 * Change an export as `to` says, again on a newer state if another was faster; `to` returns the row it was given when there is
 * nothing to change. Resolves with the row as it then is; undefined when the export is not in the ledger.
 */
export async function changeExport(
  exports: Pick<TableStore, 'get' | 'replace'>,
  connectorKey: string,
  exportId: string,
  to: (row: ExportRow) => ExportRow,
): Promise<ExportRow | undefined> {
  for (;;) {
    const stored = await readExport(exports, connectorKey, exportId);
    if (stored === undefined) return undefined;
    const next = to(stored.value);
    if (next === stored.value) return next;
    if (await replaced(exports.replace(toExportTableRow(next), stored.etag))) return next;
  }
}

/** {@link changeExport} for a chunk. */
export async function changeChunk(
  chunks: Pick<TableStore, 'get' | 'replace'>,
  exportId: string,
  chunk: number,
  to: (row: ChunkRow) => ChunkRow | Promise<ChunkRow>,
): Promise<ChunkRow | undefined> {
  for (;;) {
    const stored = await readChunkRow(chunks, exportId, chunk);
    if (stored === undefined) return undefined;
    const next = await to(stored.value);
    if (next === stored.value) return next;
    if (await replaced(chunks.replace(toChunkTableRow(next), stored.etag))) return next;
  }
}

/** Whether a conditional change was made; false when another was faster. */
async function replaced(change: Promise<string>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}
