import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { generateExport, type GenerateOptions } from '../generator/generator.ts';

export const SAMPLE_RECORDS = 250_000;

/**
 * Write a synthetic export; the file appears under its name only when it is whole.
 *
 * @returns its size, bytes
 */
export async function writeExport(file: string, options: GenerateOptions): Promise<number> {
  await mkdir(path.dirname(path.resolve(file)), { recursive: true });
  const partial = `${file}.part`;
  let bytes = 0;
  const counted = (function* count() {
    for (const buffer of generateExport(options)) {
      bytes += buffer.length;
      yield buffer;
    }
  })();
  try {
    await pipeline(Readable.from(counted), createWriteStream(partial));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await rename(partial, file);
  return bytes;
}
