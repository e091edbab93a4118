import type { Reason } from '../errors.ts';
import { arrivalsOf } from '../ledger/arrivals.ts';
import { readExport } from '../ledger/exports.ts';
import { CONTAINERS } from '../ledger/model.ts';
import { isPartialName } from './fileName.ts';
import { connectorOf, enterExport, isFolder, keysOf, type ArrivedBlob } from './receive.ts';
import type { SplitServices } from './services.ts';

/** A version older than this is not judged, ms: the ledger may have forgotten it (RETENTION_DAYS is 8 at least). */
const LONGEST_AGO_MS = 7 * 86_400_000;

const NEVER_READ: Reason = {
  code: 'REPLACED_BEFORE_READ',
  cause: 'This version of the blob was overwritten or deleted before anything of it was read.',
  cure: 'If it is missed, bring it back with az storage blob undelete while soft delete keeps it, and upload it under another name (docs/operations.md).',
};

/**
 * End every version of a blob as lost that was overwritten or deleted before the ledger heard of it, as far as soft delete still shows
 * it. Accounts with a hierarchical namespace keep no overwritten versions: nothing is looked for there.
 * @param graceMs how long a version's event is left to be on its way
 */
export async function noteLostVersions(services: SplitServices, graceMs: number): Promise<void> {
  const { blobs, clock, settings } = services;
  if (settings.pin !== 'snapshot') return;
  const now = clock.now();
  for await (const { name, ...facts } of blobs.listDeleted(CONTAINERS.exports)) {
    const blob: ArrivedBlob = { blobName: name, ...facts };
    const age = now - facts.modifiedAt;
    if (age < graceMs || age > LONGEST_AGO_MS || facts.bytes === 0) continue;
    if (isPartialName(name) || isFolder(blob)) continue;
    if (!(await isKnown(blob, services))) await enterExport(blob, services, NEVER_READ);
  }
}

/** By its ETag; or by its name and time, should what soft delete keeps bear an ETag of its own. */
async function isKnown(blob: ArrivedBlob, { tables }: SplitServices): Promise<boolean> {
  if (await readExport(tables.exports, keysOf(blob))) return true;
  const arrivedAt = new Date(blob.modifiedAt).toISOString();
  for (const filedUnder of [connectorOf(blob.blobName), '']) {
    const arrivals = await arrivalsOf(tables, filedUnder, arrivedAt.slice(0, 10));
    if (arrivals.some((row) => row.blobName === blob.blobName && row.arrivedAt === arrivedAt)) return true;
  }
  return false;
}
