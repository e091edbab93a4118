import { isAddressable } from '../blobName.ts';
import { SettingsError, type Reason } from '../errors.ts';
import { noteArrival } from '../ledger/arrivals.ts';
import { insertExport, isoTime, readExport, type ExportKeys, type Stored } from '../ledger/exports.ts';
import { connectorKey, CONTAINERS, exportId, FINAL_EXPORT_STATES, type ExportRow } from '../ledger/model.ts';
import type { BlobFacts } from '../storage/blobs.ts';
import { isPartialName } from './fileName.ts';
import { tooLarge } from './limits.ts';
import type { SplitServices } from './services.ts';
import { splitExport } from './split.ts';

/** A blob was written, or is said to have been: events come twice, late, out of order, and for blobs of others. */
export type ExportEvent = {
  readonly container: string;
  readonly blobName: string;
  /** ETag the event speaks of, where it does; what counts is what the blob has now. */
  readonly etag?: string;
  /** W3C traceparent of the event's trace. */
  readonly traceparent?: string;
};

/**
 * Take in the export that an event speaks of, and split it unless that was done. The same event twice does nothing twice; after a
 * crash it goes on where the ledger says.
 * @returns the export, undefined for what is none: a foreign container, a folder, a file still being written, a blob gone again
 * @throws what the environment is at fault for; the event, or the sweep, comes again
 */
export async function receiveExport(
  event: ExportEvent,
  services: SplitServices,
): Promise<ExportKeys | undefined> {
  const { blobs, log } = services;
  const { container, blobName } = event;
  if (container !== CONTAINERS.exports) {
    log.warn('export.foreignContainer');
    return undefined;
  }
  if (isPartialName(blobName)) return undefined;
  const facts = await blobs.facts({ container, name: blobName });
  if (facts === undefined) {
    log.warn('export.gone', { blobName });
    return undefined;
  }
  if (event.etag !== undefined && bare(event.etag) !== bare(facts.etag)) {
    log.warn('export.replacedBeforeRead', { blobName });
  }
  return receiveBlob({ ...event, ...facts }, services);
}

/** What is known of a blob that may be an export. */
export type ArrivedBlob = BlobFacts & Pick<ExportEvent, 'blobName' | 'traceparent'>;

/** {@link receiveExport} for a blob of `exports` whose facts are at hand, as from a listing. */
export async function receiveBlob(
  blob: ArrivedBlob,
  services: SplitServices,
): Promise<ExportKeys | undefined> {
  if (isFolder(blob) || isTooFresh(blob, services)) return undefined;
  const stored = await enterExport(blob, services);
  if (!FINAL_EXPORT_STATES.has(stored.row.state)) await splitExport(stored, services);
  return { connectorKey: stored.row.connectorKey, exportId: stored.row.exportId };
}

/** Name of the connector: the first folder of the blob's name, '' for a blob in no folder. */
export function connectorOf(blobName: string): string {
  const slash = blobName.indexOf('/');
  return slash === -1 ? '' : blobName.slice(0, slash);
}

/** Where the ledger has, or will have, this version of a blob. */
export const keysOf = ({ blobName, etag }: Pick<ArrivedBlob, 'blobName' | 'etag'>): ExportKeys => ({
  connectorKey: connectorKey(connectorOf(blobName)),
  exportId: exportId(CONTAINERS.exports, blobName, etag),
});

const bare = (etag: string): string => etag.replaceAll('"', '');

export const isFolder = ({ metadata, blobName }: ArrivedBlob): boolean =>
  metadata['hdi_isfolder'] === 'true' || blobName.endsWith('/');

/** Some writers put an empty blob first and its content later. */
const isTooFresh = ({ bytes, modifiedAt }: ArrivedBlob, { clock, settings }: SplitServices): boolean =>
  bytes === 0 && clock.now() - modifiedAt < settings.emptyBlobGraceMs;

/**
 * The export's row, inserted if the ledger has none; one that cannot be split is refused with it.
 * @param lost why its content can no longer be read: then it ends with that
 */
export async function enterExport(
  blob: ArrivedBlob,
  services: SplitServices,
  lost?: Reason,
): Promise<Stored<ExportRow>> {
  const { tables, clock, settings, log } = services;
  const keys = keysOf(blob);
  const known = await readExport(tables.exports, keys);
  if (known !== undefined) return known;

  const connector = connectorOf(blob.blobName);
  const now = isoTime(clock.now());
  const { isKnown, unusable } = await lookUp(connector, services);
  const fault = lost ?? faultOf(blob, connector, isKnown, settings.maxExportBytes) ?? unusable;
  const state = fault === undefined ? 'received' : lost === undefined ? 'rejected' : 'sourceLost';
  const row: ExportRow = {
    ...keys,
    connector,
    blobName: blob.blobName,
    blobEtag: blob.etag,
    bytes: blob.bytes,
    state,
    reasons: fault ? [fault] : [],
    ...(fault ? { finishedAt: now } : {}),
    stateAt: now,
    arrivedAt: isoTime(blob.modifiedAt),
    receivedAt: now,
    pinned: false,
    chunks: 0,
    again: blob.metadata['again'] === 'true',
    records: 0,
    accepted: 0,
    quarantined: 0,
    failed: 0,
    possiblyDuplicated: 0,
    refusals: {},
    warnings: {},
    requests: 0,
    retries: 0,
    owner: '',
    claimUntil: '',
    ...(blob.traceparent === undefined ? {} : { traceparent: blob.traceparent }),
  };
  await noteArrival(tables.marks, row, !isKnown);
  const { exportId, bytes, blobName } = row;
  if (fault) {
    // A folder that is no connector is a part of the blob's name, and may hold anything.
    const name = isKnown ? connector : '';
    log.error('export.ended', { exportId, connector: name, state, code: fault.code });
  } else log.info('export.received', { exportId, connector, blobName, bytes });
  return insertExport(tables.exports, row);
}

/** Whether a connector is set up, and why nothing can be judged by its rules: without a row the export would be seen nowhere. */
async function lookUp(
  connector: string,
  services: SplitServices,
): Promise<{ readonly isKnown: boolean; readonly unusable?: Reason }> {
  if (connector === '') return { isKnown: false };
  try {
    return { isKnown: (await services.rulesOf(connector)) !== undefined };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const { reason } = error;
    return {
      isKnown: true,
      unusable: { ...reason, cure: `${reason.cure} Then deploy the app and upload the export again.` },
    };
  }
}

function faultOf(
  { blobName, bytes }: ArrivedBlob,
  connector: string,
  isKnown: boolean,
  maxExportBytes: number,
): Reason | undefined {
  if (!isAddressable(blobName)) {
    return {
      code: 'BAD_NAME',
      cause:
        'The name of the blob has a part "." or ".." between slashes, which leads elsewhere when it is asked for.',
      cure: 'Upload it under a name without such parts.',
    };
  }
  if (connector === '') {
    return {
      code: 'NO_CONNECTOR_FOLDER',
      cause: 'The blob lies in no folder, so nobody knows which connector it is for.',
      cure: 'Upload it into the folder of its connector, as in exports/healthcare/.',
    };
  }
  if (!isKnown) {
    return {
      code: 'UNKNOWN_CONNECTOR',
      cause: 'The folder the blob lies in has the name of no connector that is set up.',
      cure: 'Upload it into the folder of its connector, or add the connector to the setting CONNECTORS and upload it again.',
    };
  }
  if (bytes === 0) {
    return {
      code: 'EMPTY_FILE',
      cause: 'The blob is empty.',
      cure: 'Export again; if a day without records is right, export the header line alone.',
    };
  }
  if (bytes > maxExportBytes) return tooLarge(bytes, maxExportBytes);
  return undefined;
}
