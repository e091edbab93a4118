import { collectBytes } from '../collectBytes.ts';
import { ExportRejectedError, mostReasons, SourceLostError, type Reason } from '../errors.ts';
import { chunkMessageOf } from '../ledger/chunkMessage.ts';
import { listChunks } from '../ledger/chunks.ts';
import { claimContent } from '../ledger/contents.ts';
import { changeExport, moved, readExport, type Stored } from '../ledger/exports.ts';
import { FINAL_EXPORT_STATES, type ExportRow, type ExportState } from '../ledger/model.ts';
import type { BlobAddress } from '../storage/blobs.ts';
import { discard, endedUnsent, releaseExport } from './complete.ts';
import { chunksArePieces, exportDigest, pieceDigests } from './digest.ts';
import { decideEncoding, forcedEncoding } from './encoding.ts';
import { HEAD_BYTES } from './head.ts';
import { NO_RECORDS } from './noRecords.ts';
import { pinExport, sourceName } from './pin.ts';
import type { PlanSettings } from './plan.ts';
import { judgeRefusals } from './refusalPolicy.ts';
import { scanExport, startOf } from './scanExport.ts';
import type { ConnectorRules, SplitServices } from './services.ts';
import { SplitClaim, SplitLostError } from './splitClaim.ts';
import type { ExportPlan, PinnedEncoding, ScanCheckpoint } from './types.ts';

/** Messages on their way to the queue at a time. */
const SENDS_AT_ONCE = 16;

/** A split under way: who has it, what it works with and by. */
type Split = { readonly claim: SplitClaim; readonly services: SplitServices; readonly rules: ConnectorRules };
/** The pinned content, once its size is known. */
type Source = { readonly source: BlobAddress; readonly bytes: number };

/**
 * Split an export into chunks and queue them, from wherever an earlier attempt was cut off: pin, plan, scan, judge, claim the
 * content, queue. Each step is in the ledger before the next begins, and each may be done twice. Returns at once when another has
 * the split. An export that cannot be sent is closed here; what the environment is at fault for is thrown.
 */
export async function splitExport(stored: Stored<ExportRow>, services: SplitServices): Promise<void> {
  const claim = await SplitClaim.take(services, stored);
  if (claim === undefined) return;
  try {
    if (claim.row.state === 'splitting') await advance(claim, services);
    else await claim.stop();
    if (claim.row.state === 'queued' || claim.row.state === 'pushing') await queueChunks(claim.row, services);
  } catch (error) {
    await settle(claim, error, services);
  } finally {
    await claim.stop();
  }
}

async function advance(claim: SplitClaim, services: SplitServices): Promise<void> {
  const { log, clock } = services;
  const { exportId, connector } = claim.row;
  const rules = await rulesOf(claim.row, services);
  if (claim.row.contentHash === undefined) {
    const split: Split = { claim, services, rules };
    const source = await pinned(split);
    const plan = await scanPlan(split, source);
    const end = await scanExport(claim, source, plan, services);
    if (end.records === 0) {
      await close(claim, 'completed', [NO_RECORDS], services);
      return;
    }
    await accept(split, source, plan, end);
  }
  const holder = await claimContent(services.tables, claim.row, claim.row.contentHash ?? '');
  if (holder !== undefined) {
    await close(claim, 'duplicate', [], services, { duplicateOf: holder });
    return;
  }
  await claim.change((row) => moved(row, 'queued', clock.now()));
  await claim.stop();
  log.info('export.queued', { exportId, connector, records: claim.row.records, count: claim.row.chunks });
}

async function rulesOf({ connector }: ExportRow, services: SplitServices): Promise<ConnectorRules> {
  const rules = await services.rulesOf(connector);
  if (rules === undefined) throw new Error('An export is being split whose connector is not known any more.');
  return rules;
}

async function pinned({ claim, services, rules: { mapping } }: Split): Promise<Source> {
  let { source } = claim.row;
  if (source === undefined) {
    const pin = await pinExport(claim.row, services, mapping.encoding, claim.signal);
    source = pin;
    await claim
      .change((row) => ({ ...row, source: pin }))
      .catch(async (error: unknown) => {
        // Whoever has the split now pins for itself.
        if (error instanceof SplitLostError) await services.blobs.remove(pin);
        throw error;
      });
  }
  const facts = await services.blobs.facts(source);
  if (facts === undefined) throw new SourceLostError(LOST);
  return { source, bytes: facts.bytes };
}

/** The plan to scan by, in the ledger before the scan: settings may change before a scan that was cut off goes on. */
async function scanPlan(split: Split, source: Source): Promise<ExportPlan> {
  const { claim, services, rules } = split;
  if (claim.row.plan !== undefined) return JSON.parse(claim.row.plan) as ExportPlan;
  const { settings } = services;
  const { onUnknownOutcome = settings.onUnknownOutcome } = rules;
  const plan = await planned(split, source, { ...settings, onUnknownOutcome });
  await claim.change((row) => ({ ...row, plan: JSON.stringify(plan) }));
  return plan;
}

async function planned(
  { claim, services: { blobs, planExport, log }, rules: { schema, mapping } }: Split,
  { source, bytes }: Source,
  fixed: PlanSettings,
  encoding?: PinnedEncoding,
): Promise<ExportPlan> {
  const { chunkRecords, recordsPerRequest, maxBodyBytes, maxRecordBytes, onUnknownOutcome } = fixed;
  const head = await collectBytes(
    blobs.read(source, { start: 0, end: Math.min(HEAD_BYTES, bytes) }, claim.signal),
  );
  const { plan, warnings } = planExport({
    name: sourceName(claim.row, source),
    head,
    totalBytes: bytes,
    arrivedAt: Date.parse(claim.row.arrivedAt),
    schema,
    settings: { chunkRecords, recordsPerRequest, maxBodyBytes, maxRecordBytes, onUnknownOutcome },
    mapping,
    ...(encoding && { encoding }),
  });
  const { exportId, connector } = claim.row;
  for (const { code } of warnings) log.warn('export.planned', { exportId, connector, code });
  return plan;
}

/** The scan is through: fix the plan by the encoding it decided on, judge the export as a whole, and name its content. */
async function accept(split: Split, source: Source, scanned: ExportPlan, end: ScanCheckpoint): Promise<void> {
  const { claim, services, rules } = split;
  const { tables, blobs } = services;
  const encoding = decideEncoding(end.utf8, forcedEncoding(rules.mapping));
  const plan = encoding === scanned.encoding ? scanned : await planned(split, source, scanned, encoding);
  const records = (): AsyncIterable<Uint8Array> =>
    blobs.read(source.source, { start: plan.head.end, end: source.bytes }, claim.signal);
  await judgeRefusals(records(), plan, plan.policy);
  const digests = chunksArePieces(plan, end.records)
    ? (await listChunks(tables.chunks, claim.row.exportId)).map(({ row }) => row.sha256)
    : await pieceDigests(plan, startOf(plan), records());
  const header = await collectBytes(blobs.read(source.source, plan.head, claim.signal));
  const contentHash = exportDigest(header, digests);
  await claim.change(({ checkpoint: _checkpoint, ...row }) => ({
    ...row,
    plan: JSON.stringify(plan),
    contentHash,
    records: end.records,
    chunks: end.chunks,
  }));
}

/** Send every chunk that waits for its first message. The export keeps its owner until all are sent, so that a crash shows. */
async function queueChunks(row: ExportRow, { tables, queue }: SplitServices): Promise<void> {
  const waiting = (await listChunks(tables.chunks, row.exportId)).filter(
    ({ row: { state, issues } }) => state === 'pending' && issues === 0,
  );
  // Several at once: one after another, a split into thousands would outlast its claim.
  for (let at = 0; at < waiting.length; at += SENDS_AT_ONCE) {
    const some = waiting.slice(at, at + SENDS_AT_ONCE);
    await Promise.all(some.map(({ row: chunk }) => queue.send(chunkMessageOf(chunk, row))));
  }
  await changeExport(tables.exports, row, (current) =>
    current.owner === row.owner ? { ...current, owner: '', claimUntil: '' } : undefined,
  );
}

async function settle(claim: SplitClaim, error: unknown, services: SplitServices): Promise<void> {
  if (error instanceof SplitLostError || claim.lost) {
    // One that was ended from outside may have got a pin or chunks from us after those were taken away.
    const stored = await readExport(services.tables.exports, claim.row);
    if (stored && FINAL_EXPORT_STATES.has(stored.row.state)) await discard(stored.row, services);
    return;
  }
  const final = error instanceof ExportRejectedError || error instanceof SourceLostError;
  if (!final) throw error;
  const state = error instanceof ExportRejectedError ? 'rejected' : 'sourceLost';
  const reasons = error instanceof ExportRejectedError ? error.reasons : [error.reason];
  await close(claim, state, reasons, services).catch((failure: unknown) => {
    if (!(failure instanceof SplitLostError)) throw failure;
  });
}

/** End an export of which nothing is sent. */
async function close(
  claim: SplitClaim,
  state: ExportState,
  reasons: readonly Reason[],
  services: SplitServices,
  change: Partial<ExportRow> = {},
): Promise<void> {
  const { log, clock } = services;
  await claim.change((row) =>
    endedUnsent(row, state, clock.now(), { reasons: mostReasons([...row.reasons, ...reasons]), ...change }),
  );
  await claim.stop();
  const { exportId, connector } = claim.row;
  const [first] = reasons;
  log[state === 'completed' || state === 'duplicate' ? 'info' : 'error']('export.ended', {
    exportId,
    connector,
    state,
    ...(first && { code: first.code }),
  });
  await releaseExport(claim.stored, services);
}

const LOST: Reason = {
  code: 'SOURCE_LOST',
  cause: 'The pinned content of the export is gone.',
  cure: 'Put the export into its folder again.',
};
