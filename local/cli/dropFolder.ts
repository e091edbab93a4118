import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Reason } from '../../shared/errors.ts';
import { printable } from './console.ts';
import { refusalOf, type Input } from './inputs.ts';

const REST_MS = 2_000;
const TAKEN = 'taken';

type Seen = { readonly bytes: number; readonly since: number };

/** A folder into which an operator drops exports. A file is taken once its size has rested, then moved into `taken/`. */
export class DropFolder {
  readonly #folder: string;
  readonly #say: (line: string) => void;
  readonly #seen = new Map<string, Seen>();
  readonly #told = new Set<string>();

  /** @param say gets one line for each thing in the folder that stays there, and why */
  constructor(folder: string, say: (line: string) => void) {
    this.#folder = folder;
    this.#say = say;
  }

  /** Make the folder. */
  async open(): Promise<void> {
    await mkdir(path.join(this.#folder, TAKEN), { recursive: true });
  }

  /**
   * Files whose size has not changed for 2 s. Hidden ones are left alone; so are folders and files with the name of one that is
   * still being written, which is told once.
   *
   * @param now ms
   */
  async rested(now: number): Promise<Input[]> {
    const rested: Input[] = [];
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
        if (refused) this.#tell(name, refused);
        else rested.push({ file, name, bytes: facts.size });
      }
    }
    return rested;
  }

  #tell(name: string, { cause, cure }: Reason): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#say(`${printable(name)} is left where it is. ${printable(cause)} ${cure}`);
  }

  /** Move a file that was uploaded out of the way; an older one of that name in `taken/` is replaced. */
  async taken({ file, name }: Input): Promise<void> {
    this.#seen.delete(name);
    await rename(file, path.join(this.#folder, TAKEN, name));
  }
}
