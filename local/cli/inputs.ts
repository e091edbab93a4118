import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Reason } from '../../shared/errors.ts';
import { isPartialName } from '../../shared/export/fileName.ts';
import { printable } from './console.ts';
import { UsageError } from './usageError.ts';

/** A file named on the command line, looked at but not yet read. */
export type Input = {
  readonly file: string;
  /** Base name: the export's name in reports, and the blob's in its connector's folder. */
  readonly name: string;
  readonly bytes: number;
  /** Why it cannot be an export at all; then nothing of it is uploaded. */
  readonly refused?: Reason;
};

/**
 * Look at the files of a command line. A folder is refused as an export, and so is a file that the pipeline would overlook by its
 * name; a file that is not there ends the command.
 *
 * @throws {UsageError} for a file that is missing or unreadable, and for two files of one base name
 */
export async function readInputs(files: readonly string[]): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const file of files) {
    const name = path.basename(path.resolve(file));
    const twin = inputs.find((input) => input.name === name);
    if (twin) {
      throw new UsageError(
        `Two exports have the same name, "${printable(name)}" (${printable(twin.file)} and ${printable(file)}).`,
        'Rename one of them, or give them in two runs.',
      );
    }
    inputs.push({ file, name, ...(await look(file)) });
  }
  return inputs;
}

async function look(file: string): Promise<Pick<Input, 'bytes' | 'refused'>> {
  const facts = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT'
        ? `There is no file ${printable(file)}.`
        : `The file ${printable(file)} cannot be read (${error.code ?? error.name}).`,
      'Check the path and its permissions.',
    );
  });
  const refused = refusalOf(file, facts);
  return { bytes: facts.isFile() ? facts.size : 0, ...(refused && { refused }) };
}

/** Why what lies under a name cannot be an export; undefined when it can. */
export function refusalOf(file: string, facts: Stats): Reason | undefined {
  if (facts.isFile()) return isPartialName(file) ? PARTIAL_NAME : undefined;
  const cause = facts.isDirectory()
    ? `${file} is a folder, not an export.`
    : `${file} is not a regular file.`;
  return { code: 'NOT_A_FILE', cause, cure: 'Give the export files in it one by one.' };
}

const PARTIAL_NAME: Reason = {
  code: 'PARTIAL_NAME',
  cause:
    'The name ends in .part, .filepart or .tmp, as that of a file still being written: the pipeline overlooks it.',
  cure: 'Name the file after what it is (.csv, .psv, .tsv) once it is whole.',
};
