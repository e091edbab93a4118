import { createHash } from 'node:crypto';
import type { ExportPlan } from '../../shared/export/types.ts';
import { newChunkRow } from '../../shared/ledger/chunks.ts';
import { toChunkTableRow } from '../../shared/ledger/chunkRows.ts';
import { toExportTableRow } from '../../shared/ledger/exportRows.ts';
import { connectorKey, exportId, type ChunkRow, type ExportRow } from '../../shared/ledger/model.ts';
import type { BlobAddress } from '../../shared/storage/blobs.ts';
import { anExportRow } from './ledgerRows.ts';
import type { MemoryBlobs, MemoryTable } from './memoryStores.ts';

/** Found in every record and in nothing that may be shown. */
export const CANARY = 'Zebediah';
/** What the service refuses a record for. */
export const OFFENDING = 'offending';

export type ExportShape = {
  readonly chunks: number;
  readonly batches: number;
  readonly recordsPerRequest: number;
  /** Share of records that validation refuses, and that the service refuses (one a batch at most: more is a wrong mapping). */
  readonly invalid?: number;
  readonly offending?: number;
  readonly plan?: Partial<ExportPlan>;
  readonly name?: string;
};

/** A record as a function of its number, so that whoever receives it can be asked whether it is the one that was sent. */
export type MadeRecord = {
  readonly number: number;
  readonly line: string;
  readonly kind: 'good' | 'invalid' | 'offending';
};

/** An export that was split, with everything known about it. */
export type MadeExport = {
  readonly row: ExportRow;
  readonly plan: ExportPlan;
  readonly chunks: readonly ChunkRow[];
  readonly records: readonly MadeRecord[];
  readonly source: BlobAddress;
};

const HEADER = 'Id,Name,Note\n';

/** The plan of these exports. */
function aPlan(recordsPerRequest: number, change: Partial<ExportPlan> = {}): ExportPlan {
  return {
    dialect: { delimiter: ',', quote: '"' },
    encoding: 'utf-8',
    head: { start: 0, end: HEADER.length },
    firstLine: 2,
    header: HEADER,
    output: { kind: 'verbatim' },
    validation: {
      columns: 3,
      fields: [{ field: 'Name', column: 1, empty: 'refuse' }],
      eitherOf: [],
      timeFormats: [],
      earliest: 0,
      latest: Number.MAX_SAFE_INTEGER,
      levels: {},
      checkUtf8: true,
    },
    chunkRecords: 1_000_000,
    recordsPerRequest,
    maxBodyBytes: 2 ** 20,
    maxRecordBytes: 2 ** 16,
    onUnknownOutcome: 'resend',
    policy: { onRefused: 'refuseRecords', refusedShareCeiling: 1 },
    ...change,
  };
}

/** Make an export with seeded defects and put it into blob storage and ledger as the split would leave it. */
export async function makeExport(
  stores: { readonly blobs: MemoryBlobs; readonly exports: MemoryTable; readonly chunks: MemoryTable },
  shape: ExportShape,
  random: () => number,
): Promise<MadeExport> {
  const { chunks, batches, recordsPerRequest, invalid = 0, offending = 0, name = 'healthcare/a.csv' } = shape;
  const plan = aPlan(recordsPerRequest, shape.plan);
  const perChunk = batches * recordsPerRequest;
  const records: MadeRecord[] = [];
  let offended = false;
  for (let number = 1; number <= chunks * perChunk; number++) {
    const dice = random();
    if ((number - 1) % recordsPerRequest === 0) offended = false;
    const offends: boolean = !offended && dice >= invalid && dice < invalid + offending;
    offended ||= offends;
    const kind = dice < invalid ? 'invalid' : offends ? 'offending' : 'good';
    const who = kind === 'invalid' ? '' : `${CANARY} ${number * 7919}`;
    const note = kind === 'offending' ? OFFENDING : '"said ""hi"",\nleft"';
    records.push({ number, kind, line: `${name}#${number},${who},${note}\n` });
  }
  const source = { container: 'exports', name, snapshot: '1' };
  const content = HEADER + records.map(({ line }) => line).join('');
  const etag = stores.blobs.put({ container: 'exports', name }, content);
  stores.blobs.put(source, content);
  const id = exportId('exports', name, etag);
  const row = anExportRow({
    exportId: id,
    blobName: name,
    blobEtag: etag,
    bytes: Buffer.byteLength(content),
    state: 'queued',
    pinned: true,
    source,
    plan: JSON.stringify(plan),
    chunks,
    records: records.length,
  });
  const chunkRows = chunkRowsOf(row, records, perChunk);
  await stores.exports.insert(toExportTableRow(row));
  await stores.chunks.insertMissing(chunkRows.map(toChunkTableRow));
  return { row, plan, chunks: chunkRows, records, source };
}

function chunkRowsOf(row: ExportRow, records: readonly MadeRecord[], perChunk: number): ChunkRow[] {
  const rows: ChunkRow[] = [];
  let start = HEADER.length;
  let firstLine = 2;
  for (let at = 0; at < records.length; at += perChunk) {
    const own = records.slice(at, at + perChunk);
    const bytes = Buffer.from(own.map(({ line }) => line).join(''));
    const boundary = {
      chunk: rows.length + 1,
      start,
      end: start + bytes.length,
      firstRecord: at + 1,
      firstLine,
      records: own.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    rows.push(newChunkRow(boundary, { ...row, connectorKey: connectorKey('healthcare') }, 0));
    start = boundary.end;
    firstLine += bytes.filter((byte) => byte === 0x0a).length;
  }
  return rows;
}
