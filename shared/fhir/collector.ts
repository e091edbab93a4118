import { ConflictError, SourceLostError } from '../errors.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { TableStore } from '../storage/tables.ts';
import { HOUR_MS, listAuditBlobs, sourceKey, type AuditBlob } from './auditBlobs.ts';
import { FhirServiceError, type PatientReader } from './patientReader.ts';
import { forgetPairing } from './pairingState.ts';
import { settleSlice, type CollectorBlobs, type SettledSlice } from './settleSlice.ts';
import type { SliceRules } from './slice.ts';
import { ClaimedWatermark, markOf, type HourMark, type Slice } from './watermark.ts';

/** What the collector works with; clients and clock come from outside. */
export type CollectorServices = {
  readonly blobs: CollectorBlobs;
  /** Table `marks` of the ledger. */
  readonly marks: TableStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Reads patients; made anew for each run, so that a corrected address is seen. */
  readonly patients: PatientReader;
};

export type CollectorSettings = SliceRules & {
  /** Connector whose folder of `exports` the records go to. */
  readonly connector: string;
  /** Container of the audit log. */
  readonly container: string;
  /** End of the resource id of the FHIR service to read; '' for every one in the container. */
  readonly source: string;
  /** An hour's blob is first read when the hour is over for so long, ms. */
  readonly settleMs: number;
  /** Hours are looked at again so long after the newest one read, ms; a new source begins so far back. */
  readonly lookbackMs: number;
  /** Most of a blob that becomes one export, bytes. */
  readonly maxSliceBytes: number;
};

/** What bounds one run. */
export type CollectorLimits = {
  /** After this the slice at hand is cut short and no further one is begun, ms. */
  readonly budgetMs: number;
  /** How long a claim lasts that is not renewed, ms. */
  readonly claimMs: number;
  /** Ends the run at once. */
  readonly signal?: AbortSignal;
};

/** What one run did. */
export type CollectorRun = {
  readonly slices: readonly SettledSlice[];
  /** FHIR services that another run was busy with. */
  readonly busy: number;
};

/** A last line without a line end is taken for a line once the blob rests for so long, ms. */
const TAIL_REST_MS = HOUR_MS;

/**
 * Reads what is new in the audit log, hour by hour, and writes it as exports. Safe to repeat and to kill at any step: what a
 * slice holds is fixed in the ledger before anything of it is written, and the export's conditional creation commits it.
 * Cuts the slice at hand short and begins no other once `budgetMs` is used up; the next run goes on. Aborted, it ends at once
 * and gives its claim up: the slice at hand is taken again by the next run, as after a crash.
 * @throws {FhirServiceError} when the FHIR service does not answer: the slice at hand is taken again by the next run
 */
export async function collectFhirAudit(
  services: CollectorServices,
  settings: CollectorSettings,
  { owner, budgetMs, claimMs, signal }: CollectorLimits & { readonly owner: string },
): Promise<CollectorRun> {
  const { blobs, marks, clock, log } = services;
  const deadline = clock.monotonic() + budgetMs;
  const stopped = (): boolean => signal?.aborted === true;
  const mayGoOn = (): boolean => !stopped() && clock.monotonic() < deadline;
  const slices: SettledSlice[] = [];
  let busy = 0;
  for (const [source, list] of await listLog(blobs, settings)) {
    if (!mayGoOn()) break;
    const key = sourceKey(source);
    const claim = { key, owner, claimMs, floor: floorHour(clock.now() - settings.lookbackMs) };
    const watermark = await ClaimedWatermark.open(marks, clock, claim);
    if (watermark === undefined) {
      busy++;
      log.info('fhir.busy', { reason: 'another run holds the watermark' });
      continue;
    }
    const work = { services, settings, watermark, key, slices, mayGoOn, ...(signal && { signal }) };
    try {
      for (const blob of await begunFirst(list, work)) await collectBlob(blob, work);
    } catch (error) {
      // Whatever fails after the signal is its consequence.
      if (stopped()) break;
      if (!(error instanceof ConflictError)) throw error;
      busy++;
      log.warn('fhir.takenOver', { reason: 'another run took over the watermark' });
    } finally {
      await watermark.release();
    }
  }
  if (stopped()) log.info('fhir.stopped', { reason: 'the host goes away; another run goes on' });
  return { slices, busy };
}

/** @throws {FhirServiceError} when the log's container is not there: nothing was archived yet */
async function listLog(blobs: CollectorBlobs, { container, source }: CollectorSettings) {
  try {
    return await listAuditBlobs(blobs, container, source);
  } catch (error) {
    if ((error as { statusCode?: unknown }).statusCode !== 404) throw error;
    throw new FhirServiceError({
      code: 'FHIR_NO_LOG',
      cause: `The container "${container}" of the FHIR service's audit log does not exist.`,
      cure: 'Archive AuditLogs of the FHIR service to the data account (docs/fhir.md), or correct FHIR_AUDIT_CONTAINER.',
    });
  }
}

type Work = {
  readonly services: CollectorServices;
  readonly settings: CollectorSettings;
  readonly watermark: ClaimedWatermark;
  readonly key: string;
  readonly slices: SettledSlice[];
  /** Whether time is left. */
  readonly mayGoOn: () => boolean;
  readonly signal?: AbortSignal;
};

/** The blob of a slice that was begun goes before the others: nothing else is begun until it is done. */
async function begunFirst(list: readonly AuditBlob[], work: Work): Promise<readonly AuditBlob[]> {
  const { begun } = work.watermark.value;
  const first = list.find(({ hour }) => hour === begun?.hour);
  if (begun !== undefined && first === undefined) await passOver(begun, work);
  return first === undefined ? list : [first, ...list.filter((blob) => blob !== first)];
}

async function collectBlob(blob: AuditBlob, work: Work): Promise<void> {
  const { services, settings, watermark } = work;
  while (work.mayGoOn()) {
    const slice = nextSlice(blob, watermark.value, settings, services.clock.now());
    if (slice === undefined) return;
    if (watermark.value.begun === undefined) await watermark.save({ ...watermark.value, begun: slice });
    let settled: SettledSlice;
    try {
      settled = await settleSlice(blob, slice, { ...services, ...work });
    } catch (error) {
      if (!(error instanceof SourceLostError)) throw error;
      await passOver(slice, work);
      return;
    }
    await moveOn(slice, settled, work);
    if (settled.end === slice.start) return;
    work.slices.push(settled);
  }
}

/** The slice that was begun, else what the blob holds beyond its mark; undefined when there is nothing to do. */
function nextSlice(
  blob: AuditBlob,
  { begun, hours, floor }: ClaimedWatermark['value'],
  { settleMs, maxSliceBytes }: CollectorSettings,
  now: number,
): Slice | undefined {
  if (begun !== undefined) return begun;
  const start = markOf(hours, blob.hour).offset;
  if (blob.hour < floor || blob.hour + HOUR_MS + settleMs > now || blob.bytes <= start) return undefined;
  const end = Math.min(blob.bytes, start + maxSliceBytes);
  return { hour: blob.hour, start, end, tail: end === blob.bytes && blob.modifiedAt + TAIL_REST_MS < now };
}

async function moveOn(
  slice: Slice,
  settled: SettledSlice,
  { services, settings, watermark, key }: Work,
): Promise<void> {
  const { begun: _, ...value } = watermark.value;
  if (settled.end === slice.start) return watermark.save(value);
  const mark = markOf(value.hours, slice.hour);
  const hours: Record<string, HourMark> = {
    ...value.hours,
    [slice.hour]: { offset: settled.end, lines: settled.lines, slices: mark.slices + 1 },
  };
  const newest = Math.max(...Object.keys(hours).map(Number));
  const floor = Math.max(value.floor, newest - settings.lookbackMs);
  await watermark.save({
    sequence: value.sequence + 1,
    floor,
    hours: Object.fromEntries(Object.entries(hours).filter(([hour]) => Number(hour) >= floor)),
  });
  await forgetPairing(services.blobs, key, value.sequence);
}

/** The blob is gone before it was read to its end: told loudly, and passed over, so that the hours after it are read. */
async function passOver(slice: Slice, { services, watermark }: Work): Promise<void> {
  const { begun: _, ...value } = watermark.value;
  services.log.error('fhir.sourceLost', {
    bytes: slice.end - slice.start,
    reason: `the audit log's blob of ${new Date(slice.hour).toISOString()} is gone`,
  });
  const mark = { ...markOf(value.hours, slice.hour), offset: slice.end };
  await watermark.save({ ...value, hours: { ...value.hours, [slice.hour]: mark } });
}

const floorHour = (time: number): number => Math.floor(time / HOUR_MS) * HOUR_MS;
