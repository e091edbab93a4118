import type { Reason } from '../errors.ts';
import type { FindingCounts } from '../schema/types.ts';
import type { TableRow } from '../storage/tables.ts';
import { jsonColumns, jsonOf, optional, optionalText, required } from './columns.ts';
import { chunkRowKey, type ChunkRow, type ChunkState } from './model.ts';

/** Value of the column `kind` that tells a chunk's row from the rows of its batches' parts. */
export const CHUNK_KIND = 'chunk';

/** A chunk as a row of the table `chunks`; nested values become JSON. */
export function toChunkTableRow(row: ChunkRow): TableRow {
  const { exportId, reason, refusals, warnings, ...flat } = row;
  return {
    ...flat,
    partitionKey: exportId,
    rowKey: chunkRowKey(row.chunk),
    kind: CHUNK_KIND,
    ...jsonColumns('reason', reason),
    ...jsonColumns('refusals', refusals),
    ...jsonColumns('warnings', warnings),
  };
}

/** The chunk that a row of the table `chunks` describes. @throws {Error} when it is no chunk's row */
export function fromChunkTableRow(row: TableRow): ChunkRow {
  return {
    exportId: row.partitionKey,
    connectorKey: required(row, 'connectorKey', 'string'),
    chunk: required(row, 'chunk', 'number'),
    start: required(row, 'start', 'number'),
    end: required(row, 'end', 'number'),
    firstRecord: required(row, 'firstRecord', 'number'),
    firstLine: required(row, 'firstLine', 'number'),
    sha256: required(row, 'sha256', 'string'),
    state: required(row, 'state', 'string') as ChunkState,
    stateAt: required(row, 'stateAt', 'string'),
    batches: required(row, 'batches', 'string'),
    owner: required(row, 'owner', 'string'),
    claimUntil: required(row, 'claimUntil', 'string'),
    issuedAt: required(row, 'issuedAt', 'string'),
    issues: required(row, 'issues', 'number'),
    ...optionalText(row, 'dueAt'),
    ...optional('reason', jsonOf(row, 'reason') as Reason | undefined),
    parkings: required(row, 'parkings', 'number'),
    poisonings: required(row, 'poisonings', 'number'),
    acceptedAtPoisoning: required(row, 'acceptedAtPoisoning', 'number'),
    records: required(row, 'records', 'number'),
    accepted: required(row, 'accepted', 'number'),
    quarantined: required(row, 'quarantined', 'number'),
    failed: required(row, 'failed', 'number'),
    possiblyDuplicated: required(row, 'possiblyDuplicated', 'number'),
    requests: required(row, 'requests', 'number'),
    retries: required(row, 'retries', 'number'),
    refusals: (jsonOf(row, 'refusals') ?? {}) as FindingCounts,
    warnings: (jsonOf(row, 'warnings') ?? {}) as FindingCounts,
  };
}
