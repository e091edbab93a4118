import { listChunks } from '../../shared/ledger/chunks.ts';
import { CONNECTOR_ROW_KEY, fromConnectorTableRow } from '../../shared/ledger/connectorRows.ts';
import { fromExportTableRow } from '../../shared/ledger/exportRows.ts';
import {
  connectorKey,
  FINAL_EXPORT_STATES,
  type ChunkRow,
  type ConnectorRow,
  type ExportRow,
} from '../../shared/ledger/model.ts';
import type { TableStore } from '../../shared/storage/tables.ts';

/** The tables a command line looks at while the functions work. */
export type LedgerTables = {
  readonly exports: TableStore;
  readonly chunks: TableStore;
  readonly connectors: TableStore;
};

/** An export with its chunks: what progress and summary are made of. */
export type ExportView = { readonly row: ExportRow; readonly chunks: readonly ChunkRow[] };

/** Reads, never writes: the ledger as an onlooker sees it. */
export class LedgerView {
  readonly #tables: LedgerTables;

  constructor(tables: LedgerTables) {
    this.#tables = tables;
  }

  /** An export without its chunks, or undefined while the ledger has not heard of it. */
  async exportRow(connector: string, exportId: string): Promise<ExportRow | undefined> {
    const stored = await this.#tables.exports.get(connectorKey(connector), exportId);
    return stored && fromExportTableRow(stored.row);
  }

  /** An export and its chunks, or undefined while the ledger has not heard of it. Chunks of a finished export are not read. */
  async export(connector: string, exportId: string): Promise<ExportView | undefined> {
    const row = await this.exportRow(connector, exportId);
    if (!row) return undefined;
    const chunks = FINAL_EXPORT_STATES.has(row.state) ? [] : await this.chunks(exportId);
    return { row, chunks };
  }

  /** Chunks of an export in order. */
  async chunks(exportId: string): Promise<ChunkRow[]> {
    return (await listChunks(this.#tables.chunks, exportId)).map(({ row }) => row);
  }

  /** Every export of a connector that has not ended. */
  async unfinished(connector: string): Promise<ExportRow[]> {
    const rows: ExportRow[] = [];
    for await (const { row } of this.#tables.exports.list({
      partitionKey: connectorKey(connector),
      where: { active: true },
    })) {
      const exportRow = fromExportTableRow(row);
      if (!FINAL_EXPORT_STATES.has(exportRow.state)) rows.push(exportRow);
    }
    return rows;
  }

  /** Whether an export of the connector ever came, or anything was sent to it or switched. */
  async knows(connector: string): Promise<boolean> {
    if (await this.connector(connector)) return true;
    for await (const _ of this.#tables.exports.list({ partitionKey: connectorKey(connector) })) return true;
    return false;
  }

  /** Names of all connectors that the ledger knows; reads all of its exports. */
  async connectors(): Promise<ReadonlySet<string>> {
    const names = new Set<string>();
    for (const table of [this.#tables.exports, this.#tables.connectors]) {
      for await (const { row } of table.list({})) {
        if (typeof row['connector'] === 'string' && row['connector'] !== '') names.add(row['connector']);
      }
    }
    return names;
  }

  /** The connector's circuit, gate and switches; undefined before the first request. */
  async connector(connector: string): Promise<ConnectorRow | undefined> {
    const stored = await this.#tables.connectors.get(connectorKey(connector), CONNECTOR_ROW_KEY);
    return stored && fromConnectorTableRow(stored.row);
  }
}

/** Records with a final outcome: accepted, quarantined or failed. */
export function settledRecords({ row, chunks }: ExportView): number {
  return [row, ...chunks].reduce(
    (sum, { accepted, quarantined, failed }) => sum + accepted + quarantined + failed,
    0,
  );
}
