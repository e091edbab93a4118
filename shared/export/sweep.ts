import { completeExport, finishClosing, releaseExport } from './complete.ts';
import { isPartialName } from './fileName.ts';
import { pinAgain } from './pinAgain.ts';
import { noteLostVersions } from './lostVersions.ts';
import { keysOf, receiveBlob, type ArrivedBlob } from './receive.ts';
import type { SplitServices } from './services.ts';
import { splitExport } from './split.ts';
import { isCutOff } from './splitClaim.ts';
import type { TableStore } from '../storage/tables.ts';
import { fromConnectorTableRow, CONNECTOR_ROW_KEY } from '../ledger/connectorRows.ts';
import { listChunks, reissueChunk } from '../ledger/chunks.ts';
import { fromExportTableRow } from '../ledger/exportRows.ts';
import { readExport, type Stored } from '../ledger/exports.ts';
import {
  CONTAINERS,
  FINAL_CHUNK_STATES,
  FINAL_EXPORT_STATES,
  type ChunkRow,
  type ConnectorRow,
  type ExportRow,
} from '../ledger/model.ts';
import { isDue } from '../ledger/reissue.ts';
import { beat, lastBeat } from '../ledger/heartbeat.ts';

/** A replay has this long to pin an export again, as long as an invocation may last, ms. */
const REPLAY_MS = 1_800_000;

/** How the sweep behaves. Times in ms. */
export type SweepSettings = {
  /** How long an event, a message or a claim is left to itself before the sweep does the work. */
  readonly graceMs: number;
  /** Blobs that changed within this time are looked at in each run, all others in one run out of `fullListingMs`. */
  readonly recentMs: number;
  readonly fullListingMs: number;
  /** A run begins no further split after this. */
  readonly budgetMs: number;
  /** Most messages of one run. */
  readonly maxMessages: number;
};

/** What holds where nothing else was set. */
export const DEFAULT_SWEEP_SETTINGS: SweepSettings = {
  graceMs: 120_000,
  recentMs: 86_400_000,
  fullListingMs: 3_600_000,
  budgetMs: 240_000,
  maxMessages: 2_000,
};

export type SweepServices = SplitServices & {
  readonly tables: SplitServices['tables'] & { readonly connectors: TableStore };
  readonly sweep: SweepSettings;
};

/** What one run of the sweep found to do. */
export type Swept = { messages: number; resumed: number; started: number; ended: number };

/**
 * Mend what events and messages missed. First what is nearly done (chunks, ends, pins), then splits, then exports that nobody told
 * of. One export at fault does not keep the others waiting: its error is logged, and it is tried again in the next run.
 * @param traceparent W3C traceparent of the trace that exports found by this run belong to
 */
export async function sweepLedger(services: SweepServices, traceparent?: string): Promise<Swept> {
  const { tables, clock, log } = services;
  const swept: Swept = { messages: 0, resumed: 0, started: 0, ended: 0 };
  const deadline = clock.monotonic() + services.sweep.budgetMs;
  const splits: Stored<ExportRow>[] = [];
  const connectors = connectorReader(tables.connectors);

  for await (const { row, etag } of tables.exports.list({ where: { active: true } })) {
    const stored = { row: fromExportTableRow(row), etag };
    await guarded(stored.row, services, () => mend(stored, splits, connectors, swept, services));
  }
  for (const stored of splits) {
    if (clock.monotonic() > deadline) break;
    await guarded(stored.row, services, async () => {
      await splitExport(stored, services);
      swept.resumed++;
    });
  }
  await startMissed(deadline, swept, services, traceparent);
  log.info('sweep.done', swept);
  return swept;
}

async function guarded(
  { exportId, connector }: ExportRow,
  { log }: SweepServices,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.error('sweep.exportFailed', { exportId, connector, errorName: (error as Error).name });
  }
}

async function mend(
  stored: Stored<ExportRow>,
  splits: Stored<ExportRow>[],
  connectors: (key: string) => Promise<ConnectorRow | undefined>,
  swept: Swept,
  services: SweepServices,
): Promise<void> {
  const { row } = stored;
  const now = services.clock.now();
  if (FINAL_EXPORT_STATES.has(row.state)) {
    await releaseExport(stored, services);
    return;
  }
  if (row.state === 'received' || row.state === 'splitting') {
    const told = row.state === 'splitting' || now - Date.parse(row.receivedAt) >= services.sweep.graceMs;
    if (told && isCutOff(row, now)) splits.push(stored);
    return;
  }
  if (isCutOff(row, now)) splits.push(stored);
  if (row.closing !== undefined) {
    await finishClosing(row, services);
    swept.ended++;
    return;
  }
  if (row.source === undefined) {
    // A replay opened the export again and ended before it was pinned.
    if (now - Date.parse(row.stateAt) > REPLAY_MS) await pinAgain(row, services);
    return;
  }
  const chunks = await listChunks(services.tables.chunks, row.exportId);
  if (chunks.every((chunk) => FINAL_CHUNK_STATES.has(chunk.row.state))) {
    if (await completeExport(row, services)) swept.ended++;
    return;
  }
  await reissue(stored.row, chunks, await connectors(row.connectorKey), swept, services);
}

async function reissue(
  row: ExportRow,
  chunks: readonly Stored<ChunkRow>[],
  connector: ConnectorRow | undefined,
  swept: Swept,
  { tables, queue, clock, log, sweep }: SweepServices,
): Promise<void> {
  const now = clock.now();
  for (const chunk of chunks) {
    if (swept.messages >= sweep.maxMessages) return;
    if (!isDue(chunk.row, row, connector, now, sweep.graceMs)) continue;
    if (!(await reissueChunk({ chunks: tables.chunks, queue, now }, row, chunk))) continue;
    swept.messages++;
    const { exportId, connector: name } = row;
    log.warn('chunk.reissued', {
      exportId,
      connector: name,
      chunk: chunk.row.chunk,
      state: chunk.row.state,
      attempt: chunk.row.issues + 1,
    });
  }
}

/** Rows of connectors, each read once a run. */
function connectorReader(
  connectors: Pick<TableStore, 'get'>,
): (key: string) => Promise<ConnectorRow | undefined> {
  const read = new Map<string, Promise<ConnectorRow | undefined>>();
  return (key) => {
    let row = read.get(key);
    if (row === undefined) {
      row = connectors
        .get(key, CONNECTOR_ROW_KEY)
        .then((stored) => stored && fromConnectorTableRow(stored.row));
      read.set(key, row);
    }
    return row;
  };
}

/**
 * Start every version of a blob that the ledger lacks: its event was lost, or the file got its final name by renaming. In a full listing
 * note those, too, that came and went unseen.
 */
async function startMissed(
  deadline: number,
  swept: Swept,
  services: SweepServices,
  traceparent: string | undefined,
): Promise<void> {
  const { tables, blobs, clock, log, sweep } = services;
  const now = clock.now();
  const listedAt = (await lastBeat(tables.marks))?.fullListingAt;
  const isFull = listedAt === undefined || now - listedAt >= sweep.fullListingMs;
  let isThrough = true;
  for await (const { name, ...facts } of blobs.list(CONTAINERS.exports)) {
    const blob: ArrivedBlob = { blobName: name, ...facts, ...(traceparent ? { traceparent } : {}) };
    const age = now - facts.modifiedAt;
    if (isPartialName(name) || age < sweep.graceMs || (!isFull && age > sweep.recentMs)) continue;
    if ((await readExport(tables.exports, keysOf(blob))) !== undefined) continue;
    if (clock.monotonic() > deadline) {
      isThrough = false;
      break;
    }
    try {
      if (await receiveBlob(blob, services)) swept.started++;
    } catch (error) {
      isThrough = false;
      log.error('sweep.exportFailed', { blobName: name, errorName: (error as Error).name });
    }
  }
  const fullListingAt = isFull && isThrough ? now : listedAt;
  await beat(tables.marks, { at: now, ...(fullListingAt === undefined ? {} : { fullListingAt }) });
  if (isFull) await noteLostVersions(services, sweep.graceMs);
}
