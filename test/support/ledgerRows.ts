import { connectorKey, exportId, type ChunkRow, type ExportRow } from '../../shared/ledger/model.ts';

const instant = '2026-11-21T06:00:00.000Z';
const zeroes = { accepted: 0, quarantined: 0, failed: 0, possiblyDuplicated: 0, requests: 0, retries: 0 };

/** An export as the ledger holds it when it was just heard of; `change` what the test is about. */
export function anExportRow(change: Partial<ExportRow> = {}): ExportRow {
  return {
    exportId: exportId('exports', 'healthcare/a.csv', '"0x1"'),
    connectorKey: connectorKey('healthcare'),
    connector: 'healthcare',
    blobName: 'healthcare/a.csv',
    blobEtag: '"0x1"',
    bytes: 100,
    state: 'received',
    stateAt: instant,
    arrivedAt: instant,
    receivedAt: instant,
    pinned: false,
    chunks: 0,
    again: false,
    records: 0,
    ...zeroes,
    refusals: {},
    warnings: {},
    reasons: [],
    owner: '',
    claimUntil: '',
    ...change,
  };
}

/** A chunk as the split writes it; `change` what the test is about. */
export function aChunkRow(change: Partial<ChunkRow> = {}): ChunkRow {
  return {
    exportId: anExportRow().exportId,
    connectorKey: connectorKey('healthcare'),
    chunk: 1,
    start: 10,
    end: 100,
    firstRecord: 1,
    firstLine: 2,
    sha256: 'ab'.repeat(32),
    state: 'pending',
    stateAt: instant,
    batches: '',
    owner: '',
    claimUntil: '',
    issuedAt: '',
    issues: 0,
    parkings: 0,
    poisonings: 0,
    acceptedAtPoisoning: 0,
    records: 3,
    ...zeroes,
    refusals: {},
    warnings: {},
    ...change,
  };
}
