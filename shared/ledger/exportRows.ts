import { mostReasons, type Reason } from '../errors.ts';
import type { ScanCheckpoint } from '../export/types.ts';
import type { FindingCounts } from '../schema/types.ts';
import type { BlobAddress } from '../storage/blobs.ts';
import type { TableRow } from '../storage/tables.ts';
import { jsonColumns, jsonOf, optional, optionalText, required, textColumns, textOf } from './columns.ts';
import { FINAL_EXPORT_STATES, type ExportRow, type ExportState } from './model.ts';

/**
 * An export as a row of the table `exports`. Nested values become JSON. The column `active` is true while the sweep still has
 * something to do with the row, so that one query finds them all.
 */
export function toExportTableRow(row: ExportRow): TableRow {
  const { exportId, connectorKey, source, plan, checkpoint, refusals, warnings, reasons, ...flat } = row;
  return {
    ...flat,
    partitionKey: connectorKey,
    rowKey: exportId,
    active: row.pinned || !FINAL_EXPORT_STATES.has(row.state),
    ...jsonColumns('source', source),
    ...textColumns('plan', plan),
    ...jsonColumns('checkpoint', checkpoint),
    ...jsonColumns('refusals', refusals),
    ...jsonColumns('warnings', warnings),
    ...jsonColumns('reasons', mostReasons(reasons).map(shortened)),
  };
}

/** A sentence of ours is shorter; whatever else came into it, the reasons always fit into the row. */
const REASON_CHARACTERS = 1_000;

const shortened = (reason: Reason): Reason => ({
  ...reason,
  cause: reason.cause.slice(0, REASON_CHARACTERS),
  cure: reason.cure.slice(0, REASON_CHARACTERS),
});

/** The export that a row of the table `exports` describes. @throws {Error} when it is no such row */
export function fromExportTableRow(row: TableRow): ExportRow {
  return {
    exportId: row.rowKey,
    connectorKey: row.partitionKey,
    connector: required(row, 'connector', 'string'),
    blobName: required(row, 'blobName', 'string'),
    blobEtag: required(row, 'blobEtag', 'string'),
    bytes: required(row, 'bytes', 'number'),
    state: required(row, 'state', 'string') as ExportState,
    stateAt: required(row, 'stateAt', 'string'),
    arrivedAt: required(row, 'arrivedAt', 'string'),
    receivedAt: required(row, 'receivedAt', 'string'),
    ...optionalText(row, 'finishedAt'),
    pinned: required(row, 'pinned', 'boolean'),
    ...optional('replays', row['replays'] as number | undefined),
    ...optional('source', jsonOf(row, 'source') as BlobAddress | undefined),
    ...optional('plan', textOf(row, 'plan')),
    ...optional('checkpoint', jsonOf(row, 'checkpoint') as ScanCheckpoint | undefined),
    ...optionalText(row, 'contentHash'),
    ...optionalText(row, 'duplicateOf'),
    chunks: required(row, 'chunks', 'number'),
    again: required(row, 'again', 'boolean'),
    records: required(row, 'records', 'number'),
    accepted: required(row, 'accepted', 'number'),
    quarantined: required(row, 'quarantined', 'number'),
    failed: required(row, 'failed', 'number'),
    possiblyDuplicated: required(row, 'possiblyDuplicated', 'number'),
    refusals: (jsonOf(row, 'refusals') ?? {}) as FindingCounts,
    warnings: (jsonOf(row, 'warnings') ?? {}) as FindingCounts,
    reasons: (jsonOf(row, 'reasons') ?? []) as Reason[],
    requests: required(row, 'requests', 'number'),
    retries: required(row, 'retries', 'number'),
    owner: required(row, 'owner', 'string'),
    claimUntil: required(row, 'claimUntil', 'string'),
    ...optionalText(row, 'traceparent'),
    ...optional('closing', row['closing'] as ExportRow['closing']),
  };
}
