import { collectBytes } from '../collectBytes.ts';
import { ConflictError, SourceLostError } from '../errors.ts';
import { CONTAINERS, type ExportRow } from '../ledger/model.ts';
import type { BlobAddress } from '../storage/blobs.ts';
import { textExtensionOf } from './fileName.ts';
import type { SplitServices } from './services.ts';
import { SNIFF_BYTES, unpack, unpackPlan, type ForcedEncoding } from './unpack.ts';

type PinServices = Pick<SplitServices, 'blobs' | 'settings'>;

/** Where an export lies as the EHR put it. */
const blobOf = ({ blobName }: Pick<ExportRow, 'blobName'>): BlobAddress => ({
  container: CONTAINERS.exports,
  name: blobName,
});

const stagingPrefix = (exportId: string): string => `${exportId}/`;
const staged = (exportId: string, name: string): BlobAddress => ({
  container: CONTAINERS.staging,
  name: `${stagingPrefix(exportId)}${name}`,
});

/** Name whose extension tells how the pinned source is to be read: that of the file inside, for what was unpacked. */
export function sourceName({ blobName, exportId }: ExportRow, source: BlobAddress): string {
  const unpacked = source.container === CONTAINERS.staging && source.name.startsWith(`${exportId}/content`);
  return unpacked ? source.name : blobName;
}

/**
 * Hold the content of an export still, as it was when the ledger heard of it, and where it comes compressed or in UTF-16,
 * stage it as text. Doing it again after a crash, or for a replay, gives the same bytes.
 * @param forced encoding that the connector's mapping file sets
 * @returns where to read from now on
 * @throws {SourceLostError} when the blob was replaced or deleted before this
 * @throws {ExportRejectedError} when it cannot be unpacked
 */
export async function pinExport(
  row: ExportRow,
  { blobs, settings }: PinServices,
  forced?: ForcedEncoding,
  signal?: AbortSignal,
): Promise<BlobAddress> {
  const pin = await pinAsItCame(row, { blobs, settings });
  const first = await collectBytes(
    blobs.read(pin, { start: 0, end: Math.min(SNIFF_BYTES, row.bytes) }, signal),
  );
  const plan = unpackPlan(row.blobName, first, forced);
  if (plan.packing === 'none') return pin;

  const packed = {
    bytes: row.bytes,
    read: (start: number, end: number) => blobs.read(pin, { start, end }, signal),
  };
  const { name, content } = await unpack(packed, row.blobName, plan, {
    maxBytes: settings.maxExportBytes,
    ...(forced === undefined ? {} : { forced }),
  });
  const target = staged(row.exportId, `content${textExtensionOf(name)}`);
  await blobs.write(target, content, signal === undefined ? {} : { signal });
  // What it was made from is not read again, and must not keep its owner from deleting it.
  await dropPin(row, { blobs }, target);
  return target;
}

async function pinAsItCame(row: ExportRow, { blobs, settings }: PinServices): Promise<BlobAddress> {
  try {
    if (settings.pin === 'snapshot') return await blobs.snapshot(blobOf(row), row.blobEtag, row.exportId);
    const target = staged(row.exportId, 'original');
    await blobs.copy(blobOf(row), row.blobEtag, target);
    return target;
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    throw new SourceLostError(
      {
        code: 'REPLACED_BEFORE_READ',
        cause: 'The blob was replaced or deleted before its content could be read.',
        cure: 'What lies under the name now is an export of its own; recover the earlier version from soft delete if it is missed.',
      },
      { cause: error },
    );
  }
}

/** Delete every snapshot and staged copy of an export, those included whose making was never answered. `but` stays. */
export async function dropPin(
  row: Pick<ExportRow, 'exportId' | 'blobName'>,
  { blobs }: Pick<SplitServices, 'blobs'>,
  but?: BlobAddress,
): Promise<void> {
  await blobs.removeSnapshots(blobOf(row), row.exportId);
  for await (const { name } of blobs.list(CONTAINERS.staging, stagingPrefix(row.exportId))) {
    if (name !== but?.name) await blobs.remove({ container: CONTAINERS.staging, name });
  }
}
