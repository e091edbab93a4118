import { closeExport, completeExport } from '../../shared/export/complete.ts';
import { receiveExport } from '../../shared/export/receive.ts';
import { DEFAULT_SPLIT_SETTINGS, type ConnectorRules } from '../../shared/export/services.ts';
import type { ChunkMessage, ExportPlan } from '../../shared/export/types.ts';
import { ExportRejectedError } from '../../shared/errors.ts';
import { fromChunkTableRow } from '../../shared/ledger/chunkRows.ts';
import { changeChunk } from '../../shared/ledger/chunks.ts';
import { fromExportTableRow } from '../../shared/ledger/exportRows.ts';
import { CONTAINERS, TABLES, type ChunkRow, type ExportRow } from '../../shared/ledger/model.ts';
import {
  DEFAULT_SWEEP_SETTINGS,
  sweepLedger,
  type Swept,
  type SweepServices,
  type SweepSettings,
} from '../../shared/export/sweep.ts';
import type { SplitSettings } from '../../shared/export/services.ts';
import { KillableProcess } from './killable.ts';
import { MemoryBlobs, MemoryQueue, MemoryTable } from './memoryStores.ts';
import { VirtualClock } from './virtualClock.ts';

const quiet = () => undefined;

/** A head of one line and columns that may hold anything but nothing: enough to split by. */
const planByFirstLine: SweepServices['planExport'] = ({ head, settings, mapping, encoding }) => {
  const end = Buffer.from(head).indexOf('\n') + 1;
  if (end === 0) throw new ExportRejectedError({ code: 'NO_HEADER', cause: 'No header.', cure: 'Add one.' });
  const header = Buffer.from(head.subarray(0, end)).toString();
  const columns = header.trimEnd().split(',').length;
  const plan: ExportPlan = {
    dialect: { delimiter: ',', quote: '"' },
    encoding: encoding ?? 'utf-8',
    head: { start: 0, end },
    firstLine: 2,
    header,
    output: { kind: 'verbatim' },
    validation: {
      columns,
      fields: [],
      eitherOf: [],
      timeFormats: [],
      earliest: 0,
      latest: 0,
      levels: {},
      checkUtf8: encoding !== 'windows-1252',
    },
    ...settings,
    policy: {
      onRefused: mapping?.policy ?? 'refuseRecords',
      refusedShareCeiling: mapping?.refusedShareCeiling ?? 0.2,
    },
  };
  return { plan, warnings: [] };
};

export type RigOptions = {
  readonly settings?: Partial<SplitSettings>;
  readonly sweep?: Partial<SweepSettings>;
  readonly mapping?: NonNullable<ConnectorRules['mapping']>;
};

/** The split side over stores in memory and virtual time, in as many processes as a test wants. */
export class SplitRig {
  readonly clock = new VirtualClock();
  readonly tables = {
    exports: new MemoryTable(TABLES.exports),
    chunks: new MemoryTable(TABLES.chunks),
    contents: new MemoryTable(TABLES.contents),
    marks: new MemoryTable(TABLES.marks),
    connectors: new MemoryTable(TABLES.connectors),
  };
  readonly blobs = new MemoryBlobs({ clock: this.clock, pieceBytes: 16 });
  readonly queue = new MemoryQueue('chunks', { clock: this.clock });
  readonly #options: RigOptions;
  #owners = 0;

  constructor(options: RigOptions = {}) {
    this.#options = options;
  }

  /** What the functions of one process are given. */
  services(process = new KillableProcess()): SweepServices {
    const { settings, sweep, mapping } = this.#options;
    const reached = Object.entries(this.tables).map(([name, table]) => [name, process.reach(table)]);
    return {
      tables: Object.fromEntries(reached) as SweepServices['tables'],
      blobs: process.reach(this.blobs),
      queue: process.reach(this.queue),
      clock: this.clock,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      settings: { ...DEFAULT_SPLIT_SETTINGS, chunkRecords: 2, checkpointMs: 0, ...settings },
      sweep: { ...DEFAULT_SWEEP_SETTINGS, ...sweep },
      newOwner: () => `owner${++this.#owners}`,
      rulesOf: (connector) =>
        Promise.resolve(
          connector === 'healthcare'
            ? { schema: {} as ConnectorRules['schema'], mapping: mapping ?? {} }
            : undefined,
        ),
      planExport: planByFirstLine,
    };
  }

  put(name: string, content: string | Uint8Array, metadata: Record<string, string> = {}): string {
    return this.blobs.put({ container: CONTAINERS.exports, name }, content, metadata);
  }

  receive(blobName: string, process?: KillableProcess) {
    return receiveExport({ container: CONTAINERS.exports, blobName }, this.services(process));
  }

  sweep(process?: KillableProcess): Promise<Swept> {
    return sweepLedger(this.services(process));
  }

  /** Let time pass without anything else to do than renewals. */
  async pass(ms: number): Promise<void> {
    await this.clock.run(() => false, ms);
  }

  /** Deliver every message that is visible, as a push side that always succeeds. */
  async push(): Promise<ChunkMessage[]> {
    const delivered: ChunkMessage[] = [];
    for (let received = this.queue.receive(); received; received = this.queue.receive()) {
      const message = received.message as ChunkMessage;
      delivered.push(message);
      await changeChunk(this.tables.chunks, message, (row) =>
        row.state === 'delivered' || row.state === 'failed'
          ? undefined
          : { ...row, state: 'delivered', accepted: row.records },
      );
      await completeExport(message, this.services());
      received.done();
    }
    return delivered;
  }

  cancel(row: ExportRow) {
    const reason = { code: 'CANCELLED', cause: 'An operator cancelled it.', cure: 'Replay it.' };
    return closeExport(row, 'cancelled', reason, this.services());
  }

  exports(): ExportRow[] {
    return this.tables.exports.rows().map(({ row }) => fromExportTableRow(row));
  }

  /** The one export there is. */
  export(): ExportRow {
    const [row, ...others] = this.exports();
    if (row === undefined || others.length > 0) throw new Error(`${others.length + 1} exports, not one.`);
    return row;
  }

  chunks(exportId?: string): ChunkRow[] {
    return this.tables.chunks
      .rows()
      .map(({ row }) => fromChunkTableRow(row))
      .filter((row) => exportId === undefined || row.exportId === exportId);
  }

  /** Snapshots and staged blobs that are left. */
  pins(): number {
    const snapshots = this.blobs.addresses(CONTAINERS.exports).filter(({ snapshot }) => snapshot);
    return snapshots.length + this.blobs.addresses(CONTAINERS.staging).length;
  }
}
