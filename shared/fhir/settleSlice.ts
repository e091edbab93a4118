import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import { CONTAINERS } from '../ledger/model.ts';
import type { Log } from '../log.ts';
import type { BlobAddress, BlobStore } from '../storage/blobs.ts';
import type { TableStore } from '../storage/tables.ts';
import type { AuditBlob } from './auditBlobs.ts';
import { Pairing } from './pairing.ts';
import { loadPairing, savePairing } from './pairingState.ts';
import type { PatientReader } from './patientReader.ts';
import { csvRecord, RECORD_FIELDS } from './recordFields.ts';
import { noCounts, sliceRecords, type SliceCounts, type SliceRules } from './slice.ts';
import { sliceLines } from './sliceEntries.ts';
import { writeSliceMark } from './sliceMarks.ts';
import { SliceQuarantine } from './sliceQuarantine.ts';
import { markOf, type ClaimedWatermark, type Slice } from './watermark.ts';

/** A slice whose export, if it has any record, is there. */
export type SettledSlice = {
  /** Name of the export in the container `exports`; undefined when the slice gave no record. */
  readonly exportName?: string;
  /** Offset behind the last line read, and the number of that line. */
  readonly end: number;
  readonly lines: number;
  /** Of this run; all zero when an earlier run had committed the export. */
  readonly counts: SliceCounts;
};

/** What of blob storage the collector uses. */
export type CollectorBlobs = Pick<BlobStore, 'facts' | 'read' | 'write' | 'list' | 'remove'>;

export type SliceServices = {
  readonly blobs: CollectorBlobs;
  readonly marks: TableStore;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly patients: Pick<PatientReader, 'read'>;
  readonly settings: SliceRules & { readonly connector: string; readonly container: string };
  readonly watermark: ClaimedWatermark;
  /** Key of the FHIR service. */
  readonly key: string;
  /** Whether there is time for more; without it the slice is cut short behind the line at hand. */
  readonly mayGoOn: () => boolean;
  readonly signal?: AbortSignal;
};

const nothing = { access: async () => undefined, line: async () => undefined };
const nobody = { read: async () => new Map() };

/**
 * Makes an export of a slice. The order is the promise: quarantine and pairing state are whole before the export is created, and
 * the export is created only if absent. So a slice whose export exists is done, and is only read for where it ends;
 * one without is done anew, replacing what a broken try left. Where time runs out the slice is cut short, in the ledger first.
 */
export async function settleSlice(
  blob: AuditBlob,
  slice: Slice,
  services: SliceServices,
): Promise<SettledSlice> {
  const { blobs, settings, watermark, key, log, signal } = services;
  const { sequence, hours } = watermark.value;
  const mark = markOf(hours, slice.hour);
  const names = namesOf(settings.connector, slice.hour, key, mark.slices + 1);
  const target = { container: CONTAINERS.exports, name: names.exportName };
  const committed = (await blobs.facts(target)) !== undefined;
  const quarantine = new SliceQuarantine(blobs, CONTAINERS.quarantine, names.folder, names.file);
  const pairing = await pairingAt(services, sequence);
  const counts = noCounts();
  const cursor = { end: slice.start, line: mark.lines };
  const source = { container: settings.container, name: blob.name };
  const bytes = blobs.read(source, { start: slice.start, end: slice.end }, signal);

  /** Once true, the slice ends behind the line at hand. */
  let cut = false;
  const pause = async (): Promise<void> => {
    signal?.throwIfAborted();
    await watermark.renew();
  };

  async function* records(): AsyncGenerator<string> {
    yield* sliceRecords(sliceLines(bytes, cursor, slice.tail), slice.hour, {
      rules: settings,
      pairing,
      counts,
      patients: committed ? nobody : services.patients,
      quarantine: committed ? nothing : quarantine,
      pause,
      enough: () => {
        signal?.throwIfAborted();
        cut ||= !committed && !services.mayGoOn();
        return cut;
      },
      ...(signal && { signal }),
    });
    const taken = cut ? { ...slice, end: cursor.end } : slice;
    await savePairing(blobs, key, sequence + 1, pairing);
    if (committed) return;
    await quarantine.close();
    await writeSliceMark(services.marks, { key, slice: taken, number: mark.slices + 1, counts });
    signal?.throwIfAborted();
    // Fixes what the export holds and proves, right before it is created, that no other run took over meanwhile.
    await watermark.save({ ...watermark.value, begun: taken });
  }

  const pieces = records();
  try {
    const first = await pieces.next();
    if (committed) for await (const _ of pieces);
    else if (first.done !== true) await create(blobs, target, first.value, pieces, mark.slices > 0, signal);
  } catch (error) {
    await pieces.return(undefined);
    await quarantine.abort();
    throw error;
  }
  if (!committed) report(log, settings.connector, names.exportName, counts);
  const written = committed || counts.records > 0;
  return {
    end: cursor.end,
    lines: cursor.line,
    counts: committed ? noCounts() : counts,
    ...(written && { exportName: names.exportName }),
  };
}

async function create(
  blobs: CollectorBlobs,
  target: BlobAddress,
  first: string,
  rest: AsyncIterable<string>,
  late: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  async function* content(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(csvRecord(RECORD_FIELDS) + first);
    for await (const records of rest) yield Buffer.from(records);
  }
  try {
    await blobs.write(target, content(), {
      onlyIfAbsent: true,
      contentType: 'text/csv; charset=utf-8',
      // The times of the log are seconds: a late export may equal an earlier one and yet hold other accesses.
      ...(late && { metadata: { again: 'true' } }),
      ...(signal && { signal }),
    });
  } catch (error) {
    // Created by an answer that was lost on its way here. If another run made it, the watermark moved too and says so.
    if (!(error instanceof ConflictError)) throw error;
  }
}

function namesOf(connector: string, hour: number, key: string, number: number) {
  const iso = new Date(hour).toISOString();
  const [date, time] = [iso.slice(0, 10), iso.slice(11, 16).replace(':00', '').replace(':', 'm')];
  return {
    exportName: `${connector}/fhir/${date}/${time}-${key}-${number}.csv`,
    folder: `${connector}/${date}/fhir-${time}`,
    file: `${key}-${number}`,
  };
}

async function pairingAt({ blobs, key, log, signal }: SliceServices, sequence: number): Promise<Pairing> {
  const pairing = await loadPairing(blobs, key, sequence, signal);
  // Ends are judged by themselves then; only a beginning whose end comes later is not told any more.
  if (pairing === undefined)
    log.warn('fhir.pairingLost', {
      reason: 'the requests under way at the end of the last slice are not known',
    });
  return pairing ?? new Pairing();
}

function report(log: Log, connector: string, blobName: string, counts: SliceCounts): void {
  log.info('fhir.slice', { connector, blobName, records: counts.records, count: counts.entries });
  for (const [code, count] of Object.entries(counts.codes))
    log.warn('fhir.quarantined', { connector, code, count });
  if (counts.malformed > 0)
    log.warn('fhir.malformed', { connector, code: 'BAD_LINE', count: counts.malformed });
}
