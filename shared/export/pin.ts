import { collectBytes } from '../collectBytes.ts';
import { ConflictError, SourceLostError } from '../errors.ts';
import { CONTAINERS, type ExportRow } from '../ledger/model.ts';
import type { BlobAddress } from '../storage/blobs.ts';
import { textExtensionOf } from './fileName.ts';
import type { SplitServices } from './services.ts';
import { SNIFF_BYTES, unpack, unpackPlan, type ForcedEncoding } from './unpack.ts';

type PinServices = Pick<SplitServices, 'blobs' | 'settings' | 'newOwner'>;
/** What of an export names its pins. */
export type Pinned = Pick<ExportRow, 'exportId' | 'blobName' | 'replays'>;

/** Where an export lies as the EHR put it. */
const blobOf = ({ blobName }: Pick<ExportRow, 'blobName'>): BlobAddress => ({
  container: CONTAINERS.exports,
  name: blobName,
});

/** What marks every pin of an export until it ends. After a replay it is another: whoever still lets go of the old ones spares the new. */
const markOf = ({ exportId, replays = 0 }: Pinned): string =>
  replays === 0 ? exportId : `${exportId}r${replays}`;

const stagingPrefix = (row: Pinned): string => `${markOf(row)}/`;

/** What is put into `staging` beside the export itself begins with another word. */
const CONTENT = 'content';

/** A blob in `staging` that goes when the export ends. */
export const stagedFor = (row: Pinned, name: string): BlobAddress => ({
  container: CONTAINERS.staging,
  name: `${stagingPrefix(row)}${name}`,
});

/** Name whose extension tells how the pinned source is to be read: that of the file inside, for what was unpacked. */
export function sourceName({ blobName }: ExportRow, { container, name }: BlobAddress): string {
  const unpacked = container === CONTAINERS.staging && name.slice(name.indexOf('/') + 1).startsWith(CONTENT);
  return unpacked ? name : blobName;
}

/**
 * Hold the content of an export still, as it was when the ledger heard of it, and where it comes compressed or in UTF-16,
 * stage it as text. Doing it again after a crash, or for a replay, gives the same bytes at another address: two who do it at once
 * do not meet, and whoever is not needed removes what it was given.
 * @param forced encoding that the connector's mapping file sets
 * @returns where to read from now on
 * @throws {SourceLostError} when the blob was replaced or deleted before this
 * @throws {ExportRejectedError} when it cannot be unpacked
 */
export async function pinExport(
  row: ExportRow,
  { blobs, settings, newOwner }: PinServices,
  forced?: ForcedEncoding,
  signal?: AbortSignal,
): Promise<BlobAddress> {
  const maker = newOwner();
  const pin = await pinAsItCame(row, maker, { blobs, settings });
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
  const target = stagedFor(row, `${CONTENT}-${maker}${textExtensionOf(name)}`);
  await blobs.write(target, content, signal === undefined ? {} : { signal });
  // What it was made from is not read again, and must not keep its owner from deleting it. No more: another may be at work too.
  await blobs.remove(pin);
  return target;
}

async function pinAsItCame(
  row: ExportRow,
  maker: string,
  { blobs, settings }: Omit<PinServices, 'newOwner'>,
): Promise<BlobAddress> {
  try {
    if (settings.pin === 'snapshot') return await blobs.snapshot(blobOf(row), row.blobEtag, markOf(row));
    const target = stagedFor(row, `original-${maker}`);
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

/**
 * Delete everything that was pinned or staged for an export that has ended, that included whose making was never answered. What was
 * pinned after a replay opened the export again, later than `row` was read, is spared.
 */
export async function dropPins(row: Pinned, { blobs }: Pick<SplitServices, 'blobs'>): Promise<void> {
  await blobs.removeSnapshots(blobOf(row), markOf(row));
  for await (const { name } of blobs.list(CONTAINERS.staging, stagingPrefix(row)))
    await blobs.remove({ container: CONTAINERS.staging, name });
}
