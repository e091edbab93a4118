import { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { collectBytes } from '../collectBytes.ts';
import { ExportRejectedError } from '../errors.ts';
import type { PackedSource } from './unpack.ts';

/** Compression methods that every zip tool knows. */
const STORED = 0;
const DEFLATED = 8;

/** A zip of one file has few entries more: folders and shadow files. */
const MOST_ENTRIES = 200;
/** Entries of the directory are read one by one, and each read of the storage is a request: one brings as much as this. */
const WINDOW_BYTES = 256 * 1024;

/** The one file in a zip. */
export type ZippedFile = { readonly name: string; readonly content: AsyncIterable<Uint8Array> };

/**
 * Open a zip that holds one file, reading its directory at the end first and then the file as a stream, checked against its size and CRC.
 * Folders and the shadow files that macOS adds are overlooked.
 * @throws {ExportRejectedError} MULTIPLE_FILES, ENCRYPTED_ARCHIVE, DAMAGED_ARCHIVE, the last one possibly while reading
 */
export async function openZip(source: PackedSource): Promise<ZippedFile> {
  // Its names are on the default export alone once it is bundled: it is CommonJS.
  const { default: yauzl } = await import('yauzl');
  const watched = new WatchedSource(source);
  class Reader extends yauzl.RandomAccessReader {
    override _readStreamForRange(start: number, end: number): Readable {
      return Readable.from(watched.read(start, end), { objectMode: false });
    }
    override read(
      buffer: Buffer,
      offset: number,
      length: number,
      position: number,
      callback: (error: Error | null) => void,
    ): void {
      const fill = async (): Promise<void> => buffer.set(await watched.bytes(position, length), offset);
      callbackify(fill)(callback);
    }
  }
  const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true };
  const zip = await watched.guard(yauzl.fromRandomAccessReaderPromise(new Reader(), source.bytes, options));
  const entry = await onlyFile(zip, watched);
  return { name: entry.fileName, content: contentOf(zip, entry, watched) };
}

async function onlyFile(zip: ZipFile, watched: WatchedSource): Promise<Entry> {
  if (zip.entryCount > MOST_ENTRIES) throw multipleFiles(`${zip.entryCount} entries`);
  const files: Entry[] = [];
  const entries = zip.eachEntry();
  for (;;) {
    const { done, value } = await watched.guard(entries.next());
    if (done === true) break;
    if (!value.fileName.endsWith('/') && !value.fileName.startsWith('__MACOSX/')) files.push(value);
    if (files.length > 1) break;
  }
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw multipleFiles(file === undefined ? 'no file' : 'more than one file');
  if (file.isEncrypted()) {
    throw new ExportRejectedError({
      code: 'ENCRYPTED_ARCHIVE',
      cause: 'The zip is protected by a password.',
      cure: 'Zip the export without a password; the upload itself is encrypted.',
    });
  }
  if (file.compressionMethod !== STORED && file.compressionMethod !== DEFLATED) {
    throw new ExportRejectedError({
      code: 'DAMAGED_ARCHIVE',
      cause: `The zip uses compression method ${file.compressionMethod}, which is not the common one (deflate).`,
      cure: 'Zip the export with the means of the operating system, or as .gz.',
    });
  }
  return file;
}

const multipleFiles = (held: string): ExportRejectedError =>
  new ExportRejectedError({
    code: 'MULTIPLE_FILES',
    cause: `The zip holds ${held}; it must hold exactly one export.`,
    cure: 'Put one export into a zip of its own, or upload the files as they are.',
  });

async function* contentOf(zip: ZipFile, entry: Entry, watched: WatchedSource): AsyncGenerator<Uint8Array> {
  const stream: AsyncIterator<Buffer> = (await watched.guard(zip.openReadStreamPromise(entry)))[
    Symbol.asyncIterator
  ]();
  let sum = 0;
  try {
    for (;;) {
      const { done, value } = await watched.guard(stream.next());
      if (done === true) break;
      sum = crc32(value, sum);
      yield value;
    }
  } finally {
    await stream.return?.();
    zip.close();
  }
  if (sum !== entry.crc32) throw damaged('zip');
}

/** Tells failures of the storage below from faults of what was read: the former are passed on as they are. */
class WatchedSource {
  readonly #source: PackedSource;
  #failure: { readonly error: unknown } | undefined;
  #window: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };

  constructor(source: PackedSource) {
    this.#source = source;
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#source.read(start, end);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /** A few bytes of the file, with what lies behind them read ahead. */
  async bytes(start: number, length: number): Promise<Buffer> {
    const end = start + length;
    const { start: from, bytes } = this.#window;
    if (start < from || end > from + bytes.length) {
      const until = Math.min(this.#source.bytes, start + Math.max(length, WINDOW_BYTES));
      this.#window = { start, bytes: await collectBytes(this.read(start, until)) };
    }
    return this.#window.bytes.subarray(start - this.#window.start, end - this.#window.start);
  }

  async guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.#failure !== undefined) throw this.#failure.error;
      throw damaged('zip', error);
    }
  }
}

/** A packed export that cannot be unpacked to its end. */
export function damaged(packing: 'gzip' | 'zip', cause?: unknown): ExportRejectedError {
  return new ExportRejectedError(
    {
      code: 'DAMAGED_ARCHIVE',
      cause: `The ${packing} file is damaged or was cut off, so it cannot be unpacked to its end.`,
      cure: 'Transfer the export again in binary mode, or pack it anew.',
    },
    cause === undefined ? undefined : { cause },
  );
}
