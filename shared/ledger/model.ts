import { createHash } from 'node:crypto';
import type { Reason } from '../errors.ts';
import type { ScanCheckpoint } from '../export/types.ts';
import type { FindingCounts } from '../schema/types.ts';
import type { BlobAddress } from '../storage/blobs.ts';

/** Tables of the ledger. */
export const TABLES = {
  /** Partition = connector key, row = export id. */
  exports: 'exports',
  /** Partition = export id, rows `c000001` (chunk) and `c000001.b0003` (parts of a batch that went out in pieces). */
  chunks: 'chunks',
  /** Partition = connector key, rows `state`, `slots`. */
  connectors: 'connectors',
  /** Partition = connector key, row = digest of an export's content: which export sent it. */
  contents: 'contents',
  /** Heartbeats, monthly summaries, watermarks, reports written: partition = kind. */
  marks: 'marks',
} as const;

export const CONTAINERS = {
  exports: 'exports',
  staging: 'staging',
  quarantine: 'quarantine',
  status: 'status',
  /** Reports written once and never again; immutable where the deployment says so. */
  archive: 'status-archive',
} as const;
export const QUEUES = { chunks: 'chunks', poison: 'chunks-poison', blobEvents: 'blob-events' } as const;

/** `failed`: at least one record was not delivered and nothing more will be tried by itself. */
export type ExportState =
  | 'received'
  | 'splitting'
  | 'queued'
  | 'pushing'
  | 'completed'
  | 'completedWithRefusals'
  | 'rejected'
  | 'duplicate'
  | 'cancelled'
  | 'failed'
  | 'sourceLost';

/** States an export never leaves by itself. */
export const FINAL_EXPORT_STATES: ReadonlySet<ExportState> = new Set([
  'completed',
  'completedWithRefusals',
  'rejected',
  'duplicate',
  'cancelled',
  'failed',
  'sourceLost',
]);

export type ChunkState = 'pending' | 'pushing' | 'delivered' | 'waiting' | 'held' | 'failed';

/** States in which nothing of the chunk is still to do. A `held` chunk is still to do, but waits for a human. */
export const FINAL_CHUNK_STATES: ReadonlySet<ChunkState> = new Set(['delivered', 'failed']);

/**
 * As packed in the chunk's row, one letter a batch: `u` unsent, `s` sending, `a` accepted, `r` refused, `h` held, `d` doubtful: may
 * have been received, yet an operator asked to send it once more. `S`, `H`, `D` are the same of a batch that goes out in parts, `p`
 * is one settled in parts (some accepted, some refused, or not all saved): its row of parts says what became of each. With any other
 * letter a row of parts means nothing: it is of somebody who lost the chunk before a part went out.
 */
type BatchState =
  | 'unsent'
  | 'sending'
  | 'accepted'
  | 'refused'
  | 'held'
  | 'doubtful'
  | 'sendingParts'
  | 'heldParts'
  | 'doubtfulParts'
  | 'inParts';
export const BATCH_LETTERS = {
  unsent: 'u',
  sending: 's',
  accepted: 'a',
  refused: 'r',
  held: 'h',
  doubtful: 'd',
  sendingParts: 'S',
  heldParts: 'H',
  doubtfulParts: 'D',
  inParts: 'p',
} as const satisfies Readonly<Record<BatchState, string>>;

/** More batches in one chunk than this is refused at start: the states of all lie in one row. */
export const MAX_BATCHES_PER_CHUNK = 1000;

/** Numbers of records; records = accepted + quarantined + failed + still to do (invariant 1). */
export type Tally = {
  readonly records: number;
  readonly accepted: number;
  readonly quarantined: number;
  readonly failed: number;
  /** Records that may have been received more than once; not part of the sum. */
  readonly possiblyDuplicated: number;
};

/** An export as the ledger knows it. Times are ISO 8601 UTC. */
export type ExportRow = Tally & {
  readonly exportId: string;
  readonly connectorKey: string;
  /** Name of the connector: the first folder of the blob's name; '' for a blob in no folder. */
  readonly connector: string;
  readonly blobName: string;
  readonly blobEtag: string;
  /** Size of the blob as it came, bytes. */
  readonly bytes: number;
  readonly state: ExportState;
  readonly stateAt: string;
  /** When the blob was last modified: its arrival. */
  readonly arrivedAt: string;
  /** When the ledger first heard of it; `seconds` of `--json` counts from here. */
  readonly receivedAt: string;
  readonly finishedAt?: string;
  /** True from before a pin is made until it was dropped for good: a snapshot or a staged copy may exist. */
  readonly pinned: boolean;
  /** How often a replay opened it again; names its pins, so that who lets go of the old ones spares the new. Absent: never. */
  readonly replays?: number;
  /** Pinned source, once pinned; gone again when the export ended. */
  readonly source?: BlobAddress;
  /** ExportPlan as JSON, once the head was read. */
  readonly plan?: string;
  readonly checkpoint?: ScanCheckpoint;
  /** Digest of the content, once scanned. */
  readonly contentHash?: string;
  readonly duplicateOf?: string;
  /** Number of chunks, once scanned. */
  readonly chunks: number;
  /** Sent although the same content was sent before (blob metadata `again=true`). */
  readonly again: boolean;
  readonly refusals: FindingCounts;
  readonly warnings: FindingCounts;
  readonly reasons: readonly Reason[];
  /** Requests sent and how many of them were repetitions. */
  readonly requests: number;
  readonly retries: number;
  /** Who splits it, and until when; '' when nobody. */
  readonly owner: string;
  readonly claimUntil: string;
  readonly traceparent?: string;
  /** The end that was decided on while chunks were still under way: what is left of them fails, then the export ends so. */
  readonly closing?: 'cancelled' | 'sourceLost';
};

/** A chunk as the ledger knows it. */
export type ChunkRow = Tally & {
  readonly exportId: string;
  readonly connectorKey: string;
  readonly chunk: number;
  readonly start: number;
  readonly end: number;
  readonly firstRecord: number;
  readonly firstLine: number;
  readonly sha256: string;
  readonly state: ChunkState;
  readonly stateAt: string;
  /** BATCH_LETTERS, one a batch; '' before the first claim. */
  readonly batches: string;
  /** Who pushes it, and until when; '' when nobody. */
  readonly owner: string;
  readonly claimUntil: string;
  /** When its message was last sent, and how often. */
  readonly issuedAt: string;
  readonly issues: number;
  /** For `waiting`: when to try next, and why it waits. */
  readonly dueAt?: string;
  readonly reason?: Reason;
  /** Parkings in a row without an accepted batch; the delay grows with it. */
  readonly parkings: number;
  /** Poisonings in a row without progress, and the number of accepted records at the last one. */
  readonly poisonings: number;
  readonly acceptedAtPoisoning: number;
  readonly requests: number;
  readonly retries: number;
  readonly refusals: FindingCounts;
  readonly warnings: FindingCounts;
};

/** A connector's circuit breaker, gate and switches, one row that every instance reads before every request (cached for at most a second). */
export type ConnectorRow = {
  readonly connectorKey: string;
  readonly connector: string;
  /** Set by an operator. */
  readonly paused: boolean;
  /** `open`: nothing is sent until `until`, then one probe. `blocked` marks a configuration fault that wants a human. */
  readonly circuit: 'closed' | 'open' | 'probing';
  readonly kind?: 'outage' | 'throttled' | 'blocked';
  readonly reason?: Reason;
  readonly since?: string;
  /** No request begins before this instant, whatever the circuit says (Retry-After). */
  readonly gateUntil?: string;
  readonly until?: string;
  readonly failures: number;
  readonly probeOwner: string;
  /** An export of it was accepted at least in part: the guard against a mapping that is wrong for all looks here first. */
  readonly lastAcceptedAt?: string;
};

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Partition key of a connector: a hash, since names may hold what keys may not. */
export const connectorKey = (connector: string): string => hash(`connector\n${connector}`).slice(0, 16);

/** One export per (container, name, ETag), however often its event comes. */
export const exportId = (container: string, blobName: string, etag: string): string =>
  hash(`export\n${container}\n${blobName}\n${etag.replaceAll('"', '')}`).slice(0, 32);

/** Row key of a chunk; of one batch's parts when `batch` (from 0) is given. Sorts by number. */
export const chunkRowKey = (chunk: number, batch?: number): string =>
  `c${String(chunk).padStart(6, '0')}${batch === undefined ? '' : `.b${String(batch).padStart(4, '0')}`}`;

/** Folder of `quarantine` that holds an export's refused records: `<connector>/<day of arrival, UTC>/<export>`. */
export const quarantineFolder = ({
  connector,
  arrivedAt,
  exportId: id,
}: Pick<ExportRow, 'connector' | 'arrivedAt' | 'exportId'>): string =>
  `${connector}/${new Date(arrivedAt).toISOString().slice(0, 10)}/${id}`;
