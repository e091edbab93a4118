import type { Clock } from '../../shared/clock.ts';
import { noteArrival } from '../../shared/ledger/arrivals.ts';
import { toChunkTableRow } from '../../shared/ledger/chunkRows.ts';
import { newConnectorRow, toConnectorTableRow } from '../../shared/ledger/connectorRows.ts';
import { toExportTableRow } from '../../shared/ledger/exportRows.ts';
import { connectorKey, type ChunkRow, type ConnectorRow, type ExportRow } from '../../shared/ledger/model.ts';
import type { DailyServices } from '../../shared/report/dailyStatus.ts';
import { aChunkRow, anExportRow } from './ledgerRows.ts';
import { MemoryBlobs, MemoryTable } from './memoryStores.ts';

/** What the status is made from, in memory, with a clock that a test sets. */
export type ReportWorld = DailyServices & {
  /** Events logged so far. */
  readonly events: string[];
  setTime(iso: string): void;
  addExport(change: Partial<ExportRow> & { exportId: string }): Promise<void>;
  addChunk(change: Partial<ChunkRow>): Promise<void>;
  addConnector(connector: string, change: Partial<ConnectorRow>): Promise<void>;
  readStatus(name: string, container?: string): Promise<string>;
};

export function reportWorld(settings: Partial<DailyServices['settings']> = {}): ReportWorld {
  let now = Date.parse('2026-11-22T07:00:00Z');
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
  const events: string[] = [];
  const note = (event: string): void => void events.push(event);
  const tables = {
    exports: new MemoryTable('exports'),
    chunks: new MemoryTable('chunks'),
    connectors: new MemoryTable('connectors'),
    contents: new MemoryTable('contents'),
    marks: new MemoryTable('marks'),
  };
  const blobs = new MemoryBlobs();
  return {
    tables,
    blobs,
    clock,
    log: { debug: note, info: note, warn: note, error: note },
    settings: { connectors: ['healthcare'], timeZone: 'UTC', hashBlobNames: false, ...settings },
    reportHour: 6,
    retentionDays: 400,
    events,
    setTime(iso) {
      now = Date.parse(iso);
    },
    async addExport(change) {
      const connector = change.connector ?? 'healthcare';
      const row = anExportRow({
        receivedAt: change.arrivedAt ?? '2026-11-21T06:00:00.000Z',
        ...change,
        connectorKey: connectorKey(connector),
        connector,
      });
      await noteArrival(tables.marks, row);
      await tables.exports.insert(toExportTableRow(row));
    },
    async addChunk(change) {
      await tables.chunks.insert(toChunkTableRow(aChunkRow(change)));
    },
    async addConnector(connector, change) {
      await tables.connectors.insert(toConnectorTableRow({ ...newConnectorRow(connector), ...change }));
    },
    async readStatus(name, container = 'status') {
      const address = { container, name };
      const facts = await blobs.facts(address);
      const pieces: Uint8Array[] = [];
      for await (const piece of blobs.read(address, { start: 0, end: facts?.bytes ?? 0 }))
        pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces).toString('utf8');
    },
  };
}
