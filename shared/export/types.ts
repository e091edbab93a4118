import type { BlobAddress } from '../storage/blobs.ts';
import type { ValidationPlan } from '../schema/types.ts';

/** How fields are told apart. `quote: null` is an export that uses no quoting at all: a `"` is data like any other byte. */
export type Dialect = { readonly delimiter: ',' | '|' | '\t' | ';'; readonly quote: '"' | null };

/** Encoding of the pinned bytes; anything else is staged as UTF-8 first. */
export type PinnedEncoding = 'utf-8' | 'windows-1252';

/**
 * How a record goes out. `verbatim`: its bytes as they came. `rewrite`: only the columns in `keep` (indexes from 0, in order),
 * each field's bytes as they came, joined by `delimiter` (fields that need it are quoted anew).
 */
export type OutputPlan =
  | { readonly kind: 'verbatim' }
  | { readonly kind: 'rewrite'; readonly delimiter: ',' | '|' | '\t'; readonly keep: readonly number[] };

/**
 * Everything that decides how an export's records are read, judged and sent, fixed in the ledger at the split, so that a retry
 * a week later meets the same records, batches and verdicts. Holds column names at most, never a value of a record.
 */
export type ExportPlan = {
  readonly dialect: Dialect;
  readonly encoding: PinnedEncoding;
  /** Bytes of the header line in the pinned source, without BOM, with its line end; records start at `end`. */
  readonly head: { readonly start: number; readonly end: number };
  /** Physical line on which the byte at `head.end` lies, from 1 (2 for a header on one line). */
  readonly firstLine: number;
  /** The header line sent with every request, UTF-8, with its line end. */
  readonly header: string;
  readonly output: OutputPlan;
  readonly validation: ValidationPlan;
  readonly chunkRecords: number;
  readonly recordsPerRequest: number;
  /** Ceiling of one request's body; a batch above it goes out in parts. */
  readonly maxBodyBytes: number;
  /** A longer record is quarantined by reference. */
  readonly maxRecordBytes: number;
  readonly onUnknownOutcome: 'resend' | 'hold';
  readonly policy: RefusalPolicy;
};

/** When refused records cost the whole export; judged by the split before anything is queued. */
export type RefusalPolicy = {
  /** `refuseRecords`: the good ones go, the bad ones to quarantine. `refuseExport`: one refused record rejects the export. */
  readonly onRefused: 'refuseRecords' | 'refuseExport';
  /** Share (0 to 1) of refused records among the first 100,000 above which the export is rejected: the mapping is wrong, not the data. */
  readonly refusedShareCeiling: number;
};

/** One chunk as the split finds it. Byte offsets are those of the pinned source. */
export type ChunkBoundary = {
  /** From 1. */
  readonly chunk: number;
  readonly start: number;
  readonly end: number;
  /** Number of its first record, from 1 after the header. */
  readonly firstRecord: number;
  /** Physical line of the byte at `start`, from 1, the header's first line being 1. */
  readonly firstLine: number;
  readonly records: number;
  /** Of the bytes [start, end), lower-case hex. */
  readonly sha256: string;
};

/** What the scan knows at a chunk boundary; enough to go on from there after a crash. */
export type ScanCheckpoint = {
  /** Offset of the next byte to scan: the end of the last whole chunk. */
  readonly offset: number;
  readonly records: number;
  /** Physical line of the byte at `offset`. */
  readonly line: number;
  readonly chunks: number;
  readonly utf8: Utf8Census;
};

/** What was seen of bytes above 0x7F, for the choice between UTF-8 and Windows-1252 once the whole export was scanned. */
export type Utf8Census = {
  /** A well-formed multi-byte sequence was seen. */
  readonly wellFormed: boolean;
  /** A byte above 0x7F outside any well-formed sequence was seen. */
  readonly malformed: boolean;
};

/**
 * Whole records that lie one after another in one buffer. Arrays are reused: use them before the next block is asked for.
 * Record i is bytes [starts[i], ends[i]) with its line end, if it has one; blank lines between records belong to none.
 */
export type RecordBlock = {
  readonly bytes: Uint8Array;
  /** Offset of bytes[0] in the pinned source. */
  readonly offset: number;
  readonly count: number;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Physical line on which record i begins. */
  readonly lines: Float64Array;
  /** 1 for a record longer than maxRecordBytes: its bytes are not in the buffer (starts[i] === ends[i]). */
  readonly oversize: Uint8Array;
  /** For oversize records of this block, in order: where they lie in the pinned source. */
  readonly oversizeRanges: readonly { readonly start: number; readonly end: number }[];
};

/** What the queue carries for a chunk: where it lies, never what it says. Under 1 KB. `v` is the message's version. */
export type ChunkMessage = {
  readonly v: 1;
  readonly exportId: string;
  /** Key of the connector's partition in the ledger. */
  readonly connectorKey: string;
  readonly chunk: number;
  /** Without its name, which may be long and is the sender's choice: the ledger has it. */
  readonly source: Omit<BlobAddress, 'name'>;
  readonly start: number;
  readonly end: number;
  readonly firstRecord: number;
  readonly firstLine: number;
  readonly records: number;
  /** W3C traceparent of the trace that the blob event began. */
  readonly traceparent?: string;
};
