import { collectBytes } from '../collectBytes.ts';
import { stagedFor, type Pinned } from '../export/pin.ts';
import type { BlobStore } from '../storage/blobs.ts';

/** Words of a record lie with what else is staged for its export, and go with it. */
const WORDS = 'words-';

/**
 * Keep what the service said of a record that it refused, until the quarantine file of its chunk is written: that may be in another
 * process, or days later. The words may repeat a patient's data: they lie where the export's own content may lie.
 */
export async function keepWords(
  blobs: Pick<BlobStore, 'write'>,
  exported: Pinned,
  record: number,
  words: string,
): Promise<void> {
  const address = stagedFor(exported, `${WORDS}${record}`);
  await blobs.write(address, Buffer.from(words), { contentType: 'text/plain; charset=utf-8' });
}

/** Refused records by number with the service's words, those included that an earlier invocation heard; '' where none were kept. */
export async function withKeptWords(
  blobs: Pick<BlobStore, 'list' | 'read'>,
  exported: Pinned,
  heard: ReadonlyMap<number, string>,
): Promise<ReadonlyMap<number, string>> {
  const all = new Map(heard);
  if (![...all.values()].includes('')) return all;
  const { container, name: prefix } = stagedFor(exported, WORDS);
  for await (const { name, bytes } of blobs.list(container, prefix)) {
    const record = Number(name.slice(prefix.length));
    if (all.get(record) !== '') continue;
    const words = await collectBytes(blobs.read({ container, name }, { start: 0, end: bytes }));
    all.set(record, words.toString());
  }
  return all;
}
