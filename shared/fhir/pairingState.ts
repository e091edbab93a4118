import { collectBytes } from '../collectBytes.ts';
import { CONTAINERS } from '../ledger/model.ts';
import type { BlobAddress, BlobStore } from '../storage/blobs.ts';
import { Pairing, type PairingState } from './pairing.ts';

/** The requests under way at the end of a slice lie in a blob: they hold what callers sent, and may come to many MB. */
const addressOf = (key: string, sequence: number): BlobAddress => ({
  container: CONTAINERS.staging,
  name: `fhir/${key}/${sequence}.json`,
});

/** The pairing as it stood after slice `sequence` of the FHIR service `key`; undefined when its blob is gone. */
export async function loadPairing(
  blobs: Pick<BlobStore, 'facts' | 'read'>,
  key: string,
  sequence: number,
  signal?: AbortSignal,
): Promise<Pairing | undefined> {
  if (sequence === 0) return new Pairing();
  const address = addressOf(key, sequence);
  const facts = await blobs.facts(address);
  if (facts === undefined) return undefined;
  const bytes = await collectBytes(blobs.read(address, { start: 0, end: facts.bytes }, signal));
  return new Pairing(JSON.parse(bytes.toString('utf8')) as PairingState);
}

export async function savePairing(
  blobs: Pick<BlobStore, 'write'>,
  key: string,
  sequence: number,
  pairing: Pairing,
): Promise<void> {
  const state = Buffer.from(JSON.stringify(pairing.toState()));
  await blobs.write(addressOf(key, sequence), state, { contentType: 'application/json' });
}

/** Drops what is no longer needed once the watermark has moved on. */
export const forgetPairing = (
  blobs: Pick<BlobStore, 'remove'>,
  key: string,
  sequence: number,
): Promise<void> => blobs.remove(addressOf(key, sequence));
