import { completeExport, type CompleteServices } from '../export/complete.ts';
import { readChunk } from '../ledger/chunks.ts';
import type { ExportKeys } from '../ledger/exports.ts';
import { FINAL_CHUNK_STATES, type ExportRow } from '../ledger/model.ts';

/** Exports of which an open chunk is remembered. */
const KEPT = 64;

/**
 * Ends exports whose chunks are all final, asked after every chunk. Remembers one chunk of each export that was open when all were
 * last looked at: while that one is open, nothing more needs to be read. It takes the middle one of the open ones, so that an export
 * of n chunks is read about log n times, in whatever order they end, and not n times.
 */
export class Completion {
  readonly #open = new Map<string, number>();

  /** @returns the export when it has ended, undefined when it has not */
  async complete(
    { connectorKey, exportId }: ExportKeys,
    services: CompleteServices,
  ): Promise<ExportRow | undefined> {
    const known = this.#open.get(exportId);
    if (known !== undefined) {
      const stored = await readChunk(services.tables.chunks, exportId, known);
      if (stored !== undefined && !FINAL_CHUNK_STATES.has(stored.row.state)) return undefined;
    }
    this.#open.delete(exportId);
    return completeExport({ connectorKey, exportId }, services, (open) => this.#remember(exportId, open));
  }

  #remember(exportId: string, open: readonly number[]): void {
    const [oldest] = this.#open.keys();
    if (this.#open.size >= KEPT && oldest !== undefined) this.#open.delete(oldest);
    this.#open.set(exportId, open[open.length >> 1]!);
  }
}
