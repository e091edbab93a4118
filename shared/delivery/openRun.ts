import { changeExport, moved, type Stored } from '../ledger/exports.ts';
import type { ChunkRow, ExportRow } from '../ledger/model.ts';
import { BatchBook } from './batchBook.ts';
import { ChunkRun } from './chunkRun.ts';
import { claimChunk } from './claim.ts';
import type { Lane } from './lane.ts';
import { readParts } from '../ledger/parts.ts';
import type { PushServices } from './services.ts';

/** Claim a chunk and gather what working on it takes. @returns undefined when another was faster */
export async function openRun(
  services: PushServices,
  stored: Stored<ChunkRow>,
  exportRow: ExportRow,
  lane: Lane,
): Promise<ChunkRun | undefined> {
  const { tables, clock, settings } = services;
  const { exportId } = exportRow;
  const plan = services.plans.get(exportRow);
  const { recordsPerRequest } = plan;
  const owner = services.claimName();
  const options = { chunks: tables.chunks, clock, owner, claimMs: settings.claimMs, recordsPerRequest };
  const writer = await claimChunk(stored, options);
  if (writer === undefined) return undefined;
  if (exportRow.state === 'queued') {
    await changeExport(tables.exports, exportRow, (row) =>
      row.state === 'queued' ? moved(row, 'pushing', clock.now()) : undefined,
    );
  }
  // A chunk never claimed before has no parts.
  const parts =
    stored.row.batches === '' ? new Map() : await readParts(tables.chunks, exportId, writer.value.chunk);
  const book = new BatchBook({ chunks: tables.chunks, clock, writer, owner, recordsPerRequest, parts });
  return new ChunkRun({ services, exportRow, plan, lane, writer, book, owner });
}
