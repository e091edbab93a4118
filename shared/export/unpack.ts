import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ExportRejectedError } from '../errors.ts';
import { extensionOf, withoutExtension } from './fileName.ts';
import { unpacksTooLarge } from './limits.ts';
import { refuseCompressed, type Signature, signatureOf } from './signature.ts';
import { detectUtf16, utf16ToUtf8, type Utf16 } from './utf16.ts';
import { damaged, openZip } from './zip.ts';

/** Bytes of a file that {@link unpackPlan} wants to see; all of it when it is shorter. */
export const SNIFF_BYTES = 4096;

/** Encoding that a mapping file may force. */
export type ForcedEncoding = 'utf-8' | 'windows-1252' | Utf16;

/** How an export comes. `none`: it can be read where it lies; anything else is staged as what {@link unpack} makes of it. */
export type UnpackPlan = { readonly packing: 'none' | 'gzip' | 'zip' | 'utf-16' };

/** A file to unpack: its size and any range of it, bytes. */
export type PackedSource = {
  readonly bytes: number;
  read(start: number, end: number): AsyncIterable<Uint8Array>;
};

export type Unpacked = {
  /** What to take the extension from: `x.csv` of `x.csv.gz`, the name of the file in a zip. */
  readonly name: string;
  /** UTF-8 or Windows-1252, as a stream. Throws ExportRejectedError where `unpack` says so, and what `read` throws. */
  readonly content: AsyncIterable<Uint8Array>;
};

/**
 * Whether an export must be staged before it is read, by its first {@link SNIFF_BYTES} and its extension, which must agree.
 * @throws {ExportRejectedError} COMPRESSED_CONTENT, NOT_COMPRESSED
 */
export function unpackPlan(name: string, first: Uint8Array, forced?: ForcedEncoding): UnpackPlan {
  if (first.length === 0) return { packing: 'none' };
  const extension = extensionOf(name);
  const found = signatureOf(first);
  if (extension === '.gz' || extension === '.zip') {
    const packing = extension === '.gz' ? 'gzip' : 'zip';
    if (found?.kind !== packing) throw notCompressed(extension, found);
    return { packing };
  }
  refuseCompressed(found);
  return { packing: utf16Of(first, forced) === undefined ? 'none' : 'utf-16' };
}

/**
 * The export as a stream of text that the rest can read. Memory stays flat; nothing is believed of the sizes an archive states.
 * @param maxBytes the most bytes that may come out: a bomb is stopped there
 * @throws {ExportRejectedError} at once or while reading: TOO_LARGE, DAMAGED_ARCHIVE, MULTIPLE_FILES, ENCRYPTED_ARCHIVE,
 *   COMPRESSED_CONTENT (something compressed inside), INVALID_UTF16
 */
export async function unpack(
  source: PackedSource,
  name: string,
  { packing }: UnpackPlan,
  { maxBytes, forced }: { readonly maxBytes: number; readonly forced?: ForcedEncoding },
): Promise<Unpacked> {
  const whole = source.read.bind(source, 0, source.bytes);
  const file =
    packing === 'zip'
      ? await openZip(source)
      : packing === 'gzip'
        ? { name: withoutExtension(name), content: gunzip(whole()) }
        : { name, content: whole() };
  return { name: file.name, content: limited(asText(file.content, forced), maxBytes) };
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unzipped = pipeline(source, createGunzip(), () => {});
  try {
    yield* unzipped;
  } catch (error) {
    throw isZlibError(error) ? damaged('gzip', error) : error;
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

/** Looks at the first bytes, however they are cut, then passes everything on, UTF-16 as UTF-8. */
async function* asText(
  source: AsyncIterable<Uint8Array>,
  forced: ForcedEncoding | undefined,
): AsyncGenerator<Uint8Array> {
  const rest = source[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array(0);
  try {
    while (first.length < SNIFF_BYTES) {
      const { done, value } = await rest.next();
      if (done === true) break;
      first = Buffer.concat([first, value]);
    }
    refuseCompressed(signatureOf(first));
    const all = joined(first, rest);
    const utf16 = utf16Of(first, forced);
    yield* utf16 === undefined ? all : utf16ToUtf8(all, utf16);
  } finally {
    await rest.return?.();
  }
}

async function* joined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* limited(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ExportRejectedError(unpacksTooLarge(maxBytes));
    yield chunk;
  }
}

function utf16Of(first: Uint8Array, forced: ForcedEncoding | undefined): Utf16 | undefined {
  if (forced === 'utf-16le' || forced === 'utf-16be') return forced;
  return forced === undefined ? detectUtf16(first) : undefined;
}

function notCompressed(extension: string, found: Signature | undefined): ExportRejectedError {
  return found !== undefined && found.kind !== 'binary'
    ? new ExportRejectedError({
        code: 'COMPRESSED_CONTENT',
        cause: `The name ends in ${extension}, but the content is ${found.label}.`,
        cure: 'Name the file after what it is: .gz for gzip, .zip for a zip of one file.',
      })
    : new ExportRejectedError({
        code: 'NOT_COMPRESSED',
        cause: `The name ends in ${extension}, but the content is not compressed that way.`,
        cure: `Name the file without ${extension}, or transfer it again in binary mode if it was damaged on the way.`,
      });
}
