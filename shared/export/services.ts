import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ExportRules } from '../schema/connector.ts';
import type { BlobStore } from '../storage/blobs.ts';
import type { MessageQueue } from '../storage/queue.ts';
import type { TableStore } from '../storage/tables.ts';
import type { PlanInput, PlannedExport, PlanSettings } from './plan.ts';

/** How exports are received and split. Times in ms. */
export type SplitSettings = PlanSettings & {
  /** How the content is held still; `copy` for accounts with a hierarchical namespace, which have no snapshots. */
  readonly pin: 'snapshot' | 'copy';
  /** How long an empty blob is left alone before it is judged. */
  readonly emptyBlobGraceMs: number;
  /** Ceilings of an export: bytes as it came and as it is read, records. */
  readonly maxExportBytes: number;
  readonly maxExportRecords: number;
  /** How long the claim on a split lasts; renewed at a third of it. */
  readonly splitClaimMs: number;
  /** Least time between two checkpoints of the scan. */
  readonly checkpointMs: number;
};

/** What holds where nothing else was set. */
export const DEFAULT_SPLIT_SETTINGS: SplitSettings = {
  chunkRecords: 100_000,
  recordsPerRequest: 5_000,
  maxBodyBytes: 16 * 2 ** 20,
  maxRecordBytes: 2 ** 20,
  onUnknownOutcome: 'resend',
  pin: 'snapshot',
  emptyBlobGraceMs: 300_000,
  maxExportBytes: 3 * 2 ** 30,
  maxExportRecords: 5_000_000,
  splitClaimMs: 60_000,
  checkpointMs: 2_000,
};

/** What receiving, splitting and ending an export is given. */
export type SplitServices = {
  readonly tables: {
    readonly exports: TableStore;
    readonly chunks: TableStore;
    readonly contents: TableStore;
    readonly marks: TableStore;
  };
  readonly blobs: BlobStore;
  /** The queue of chunk messages. */
  readonly queue: MessageQueue;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: SplitSettings;
  /** Names one who claims a split: unique at each call, of letters and digits. */
  newOwner(): string;
  /** What a connector's exports are judged by; undefined for a connector that is not set up. */
  rulesOf(connector: string): Promise<ConnectorRules | undefined>;
  readonly planExport: (input: PlanInput) => Pick<PlannedExport, 'plan' | 'warnings'>;
};

/** What a connector's exports are judged by, and what of the settings is its own. */
export type ConnectorRules = ExportRules & {
  readonly onUnknownOutcome?: SplitSettings['onUnknownOutcome'];
};
