import type { Reason } from '../errors.ts';
import type { MappingFile } from '../schema/mappingFile.ts';
import type { ConnectorSchema } from '../schema/schema.ts';
import type { ExportPlan, PinnedEncoding } from './types.ts';

/** The settings that an export's plan fixes. */
export type PlanSettings = Pick<
  ExportPlan,
  'chunkRecords' | 'recordsPerRequest' | 'maxBodyBytes' | 'maxRecordBytes' | 'onUnknownOutcome'
>;

export type PlanInput = {
  /** Name of the blob or file; its extension says which delimiter to expect. */
  readonly name: string;
  /** The first bytes of the pinned source (UTF-8 or Windows-1252): HEAD_BYTES of them, or all there are. */
  readonly head: Uint8Array;
  /** Size of the pinned source, bytes. */
  readonly totalBytes: number;
  /** When the export arrived (its last modification), UTC ms. */
  readonly arrivedAt: number;
  readonly schema: ConnectorSchema;
  /** What `mappings/<connector>.json` says, if there is one. */
  readonly mapping?: MappingFile;
  readonly settings: PlanSettings;
  /**
   * Left out before the scan: the plan then says what the head suggests (or the mapping file forces), good for scanning.
   * When the scan is through, plan once more with the encoding it decided on; that plan goes into the ledger.
   */
  readonly encoding?: PinnedEncoding;
};

export type PlannedExport = {
  readonly plan: ExportPlan;
  /** Oddities that cost nothing, e.g. columns of the schema that are missing but optional. */
  readonly warnings: readonly Reason[];
};

/**
 * Judge an export by its head and fix everything that decides how its records are read, judged and sent.
 * The same input gives the same plan, so a split that starts anew comes to the same one.
 * @throws {ExportRejectedError} with every fault of the head, the header and the mapping file at once
 */
export type PlanExport = (input: PlanInput) => PlannedExport;
