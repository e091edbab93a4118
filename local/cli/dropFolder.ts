import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { printable } from './console.ts';
import { refusalOf, type Input } from './inputs.ts';
import { machineFault } from './machineFault.ts';
import { UsageError } from './usageError.ts';

const REST_MS = 2_000;
/** A file with a fault is tried again after so long. */
const AGAIN_MS = 30_000;
const TAKEN = 'taken';

/** `since`: when its size was first met, ms; `uploadedAt`: when what was uploaded of it had been modified, ms. */
type Seen = { readonly bytes: number; readonly since: number; readonly uploadedAt?: number };

/** A rested file, and when it was last modified, ms. */
export type Dropped = Input & { readonly modifiedAt: number };

/** A folder into which an operator drops exports. A file is taken once its size has rested, then moved into `taken/`. */
export class DropFolder {
  readonly #folder: string;
  readonly #say: (line: string) => void;
  readonly #seen = new Map<string, Seen>();
  /** What was last said of a file. */
  readonly #told = new Map<string, string>();

  /** @param say gets one line for each thing in the folder that stays there, and why */
  constructor(folder: string, say: (line: string) => void) {
    this.#folder = folder;
    this.#say = say;
  }

  /**
   * Files whose size has not changed for 2 s. Hidden ones are left alone; so are folders and files with the name of one that is
   * still being written, which is told once. The folder is made if it is not there.
   *
   * @param now ms
   */
  async rested(now: number): Promise<Dropped[]> {
    const rested: Dropped[] = [];
    await this.#open();
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      const { name } = entry;
      if (name.startsWith('.') || name === TAKEN) continue;
      const file = path.join(this.#folder, name);
      const facts = await stat(file).catch(() => undefined);
      if (!facts) continue;
      const seen = this.#seen.get(name);
      if (seen?.bytes !== facts.size) this.#seen.set(name, { bytes: facts.size, since: now });
      else if (now - seen.since >= REST_MS) {
        const refused = refusalOf(file, facts);
        if (refused) this.#tell(name, `is left where it is. ${printable(refused.cause)} ${refused.cure}`);
        else rested.push({ file, name, bytes: facts.size, modifiedAt: facts.mtimeMs });
      }
    }
    return rested;
  }

  /**
   * Upload a file and move it out of the way; an older one of that name in `taken/` is replaced. A fault of it is told, and it is
   * rested again after half a minute; what was uploaded by then is only moved.
   *
   * @param now ms
   * @param upload gives undefined when it was kept from it: then the file stays
   * @returns what it gave; undefined also after a fault, and for what was uploaded before
   */
  async take<T>(input: Dropped, now: number, upload: () => Promise<T | undefined>): Promise<T | undefined> {
    const { file, name, bytes, modifiedAt } = input;
    let uploaded: T | undefined;
    let uploadedAt = this.#seen.get(name)?.uploadedAt;
    try {
      if (uploadedAt !== modifiedAt) {
        uploaded = await upload();
        if (uploaded === undefined) return undefined;
        uploadedAt = modifiedAt;
      }
      await this.#open();
      await rename(file, path.join(this.#folder, TAKEN, name));
      this.#seen.delete(name);
      this.#told.delete(name);
    } catch (error) {
      const what =
        uploadedAt === modifiedAt ? 'is uploaded, and cannot be moved into taken/' : 'cannot be taken';
      // Whoever took it away need not be told.
      if (await stat(file).catch(() => undefined))
        this.#tell(name, `${what}. ${faultWords(error)} It is tried again every ${AGAIN_MS / 1000} s.`);
      const since = now + AGAIN_MS - REST_MS;
      this.#seen.set(name, { bytes, since, ...(uploadedAt === undefined ? {} : { uploadedAt }) });
    }
    return uploaded;
  }

  async #open(): Promise<void> {
    await mkdir(path.join(this.#folder, TAKEN), { recursive: true });
  }

  #tell(name: string, words: string): void {
    if (this.#told.get(name) === words) return;
    this.#told.set(name, words);
    this.#say(`${printable(name)} ${words}`);
  }
}

const CURES: Readonly<Record<string, string>> = {
  EBUSY: 'Close it in the program that has it open.',
  EISDIR: 'Move the folder of that name out of taken/.',
};

/** Cause and cure of a fault of one file. */
function faultWords(error: unknown): string {
  const known = error instanceof UsageError ? error : machineFault(error);
  if (known) return `${printable(known.message)} ${known.cure}`;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return [printable(message), CURES[code]].filter(Boolean).join(' ');
}
