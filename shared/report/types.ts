import type { Reason } from '../errors.ts';
import type { ChunkState, ExportState } from '../ledger/model.ts';
import type { Day } from './days.ts';
import type { Sums } from '../ledger/sums.ts';

/** One export as the status shows it. Times are ISO 8601 UTC. */
export type ExportStatus = Sums & {
  readonly exportId: string;
  /** Blob name, or its hash when the settings hide names. */
  readonly name: string;
  readonly state: ExportState;
  readonly bytes: number;
  readonly arrivedAt: string;
  readonly finishedAt?: string;
  /** From `received` to the end, or until now. */
  readonly seconds: number;
  /** Records neither accepted, nor quarantined, nor failed. */
  readonly toDo: number;
  /** Number of chunks by state. */
  readonly chunks: Readonly<Partial<Record<ChunkState, number>>>;
  /** State of each chunk in order, one letter each (see CHUNK_LETTERS); empty while there are none. */
  readonly strip: string;
  /** When a waiting chunk is tried next. */
  readonly nextTryAt?: string;
  readonly reasons: readonly Reason[];
  /** Id of the export that has the same content; its name (or hash) while the ledger knows it. */
  readonly duplicateOf?: string;
  readonly duplicateOfName?: string;
};

export const CHUNK_LETTERS: Readonly<Record<ChunkState, string>> = {
  pending: 'n',
  pushing: 'p',
  delivered: 'd',
  waiting: 'w',
  held: 'h',
  failed: 'f',
};

/** What an operator should look at, most urgent first. */
export type Attention = {
  readonly level: 'alert' | 'warning';
  readonly reason: Reason;
  /** What it is about: an export's or a connector's name. */
  readonly about: string;
  /** Of the export that it is about. */
  readonly exportId?: string;
  /** Command that cures it, when there is one. */
  readonly command?: string;
};

/** A connector's day. */
export type ConnectorStatus = Sums & {
  readonly connector: string;
  /**
   * True when no export of it arrived on the day that could be sent (none at all, or nothing but duplicates and rejected ones),
   * although the day (or its usual hour) is over.
   */
  readonly missing: boolean;
  readonly condition: 'ok' | 'paused' | 'waiting' | 'blocked';
  /** Why it is blocked or waits. */
  readonly reason?: Reason;
  readonly toDo: number;
  /** Share of requests that repeated no earlier one, 0 to 1; undefined while nothing was accepted, when it would say nothing. */
  readonly firstTryShare?: number;
  readonly exports: readonly ExportStatus[];
};

/** The status of one day: the same content as JSON, HTML and CSV. */
export type DayStatus = {
  readonly version: 1;
  readonly day: Day;
  readonly timeZone: string;
  /** First instant of the day and of the next one. */
  readonly from: string;
  readonly to: string;
  readonly writtenAt: string;
  /** `final` when nothing in it can change any more by itself. */
  readonly final: boolean;
  readonly attention: readonly Attention[];
  readonly connectors: readonly ConnectorStatus[];
  /** Blobs in no folder, or in one that is no connector's. */
  readonly strays: readonly ExportStatus[];
};
