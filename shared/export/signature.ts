import { ExportRejectedError } from '../errors.ts';

/** What the first bytes of a file say that no text would. */
export type Signature = { readonly kind: 'gzip' | 'zip' | 'archive' | 'binary'; readonly label: string };

const SIGNATURES: readonly (readonly [hex: string, kind: Signature['kind'], label: string])[] = [
  ['1f8b08', 'gzip', 'gzip'],
  ['504b0304', 'zip', 'zip, or an Office document such as .xlsx'],
  ['504b0506', 'zip', 'an empty zip'],
  ['504b0708', 'zip', 'a part of a split zip'],
  ['377abcaf271c', 'archive', '7z'],
  ['526172211a07', 'archive', 'rar'],
  ['425a6839314159265359', 'archive', 'bzip2'],
  ['fd377a585a00', 'archive', 'xz'],
  ['28b52ffd', 'archive', 'zstd'],
  ['04224d18', 'archive', 'lz4'],
  ['1f9d', 'archive', 'compress'],
  ['d0cf11e0a1b11ae1', 'binary', 'an Office document such as .xls'],
  ['255044462d', 'binary', 'a PDF'],
  ['89504e470d0a1a0a', 'binary', 'a PNG picture'],
  ['ffd8ff', 'binary', 'a JPEG picture'],
  ['53514c69746520666f726d6174203300', 'binary', 'an SQLite database'],
  ['7f454c46', 'binary', 'a program'],
  ['0000feff', 'binary', 'UTF-32 text'],
  ['fffe0000', 'binary', 'UTF-32 text'],
];

/** The kind of file that begins with these bytes; undefined when it may be text. */
export function signatureOf(bytes: Uint8Array): Signature | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('hex');
  const found = SIGNATURES.find(([hex]) => head.startsWith(hex));
  return found && { kind: found[1], label: found[2] };
}

/** @throws {ExportRejectedError} COMPRESSED_CONTENT when the bytes are those of an archive */
export function refuseCompressed(found: Signature | undefined): void {
  if (found === undefined || found.kind === 'binary') return;
  throw new ExportRejectedError({
    code: 'COMPRESSED_CONTENT',
    cause: `The content is compressed (${found.label}), which the name does not say.`,
    cure: 'Upload the export uncompressed, or name a gzip file .gz (as in .csv.gz) and a zip of one file .zip.',
  });
}

const LOOKED_AT = 4096;

/** Whether these are no lines of text in an encoding that extends ASCII: control characters in the first line, or too many at all. */
export function looksBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, LOOKED_AT);
  const lineEnd = sample.indexOf(0x0a);
  const firstLine = lineEnd === -1 ? sample : sample.subarray(0, lineEnd);
  return firstLine.some(isControl) || sample.filter(isControl).length > sample.length / 10;
}

function isControl(byte: number): boolean {
  return byte < 0x09 || (byte > 0x0d && byte < 0x20) || byte === 0x7f;
}
