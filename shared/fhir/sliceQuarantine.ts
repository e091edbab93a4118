import type { BlobAddress, BlobStore } from '../storage/blobs.ts';
import { csvRecord, fieldsOf, RECORD_FIELDS, type RecordValues } from './recordFields.ts';
import { StreamedBlob } from './streamedBlob.ts';

const COMMA = Buffer.from(',');
const QUOTE = Buffer.from('"');
const END = Buffer.from('"\r\n');

/** What could not become a record: accesses with what is known of them, ready to be completed and dropped again, and lines as they came. */
export class SliceQuarantine {
  readonly #accesses: StreamedBlob;
  readonly #lines: StreamedBlob;

  /** `folder` and `name` give the blobs `<folder>/<name>.csv` and `<folder>/<name>-lines.csv`. */
  constructor(blobs: Pick<BlobStore, 'write' | 'remove'>, container: string, folder: string, name: string) {
    const at = (file: string): BlobAddress => ({ container, name: `${folder}/${file}.csv` });
    const head = csvRecord(['record number', 'line number', 'codes', ...RECORD_FIELDS]);
    this.#accesses = new StreamedBlob(blobs, at(name), head);
    this.#lines = new StreamedBlob(blobs, at(`${name}-lines`), csvRecord(['line number', 'codes', 'line']));
  }

  access(number: number, line: number, codes: readonly string[], values: RecordValues): Promise<void> {
    return this.#accesses.write(
      csvRecord([String(number), String(line), codes.join('; '), ...fieldsOf(values)]),
    );
  }

  /** A line that is no audit entry; `bytes` undefined for one too long to keep: it is named by its byte range of the blob. */
  async line(
    number: number,
    code: string,
    bytes: Uint8Array | undefined,
    at: { start: number; end: number },
  ): Promise<void> {
    if (bytes === undefined)
      return this.#lines.write(csvRecord([String(number), code, `bytes ${at.start} to ${at.end}`]));
    // As it came, byte for byte: latin1 maps each byte to one character and back.
    const escaped = Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('"', '""'), 'latin1');
    await this.#lines.write(Buffer.concat([Buffer.from(`${number},${code}`), COMMA, QUOTE, escaped, END]));
  }

  async close(): Promise<void> {
    await this.#accesses.close();
    await this.#lines.close();
  }

  async abort(): Promise<void> {
    await Promise.all([this.#accesses.abort(), this.#lines.abort()]);
  }
}
