import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { isPartialName } from '../../shared/export/fileName.ts';
import type { Input } from './inputs.ts';

const REST_MS = 2_000;
const TAKEN = 'taken';

type Seen = { readonly bytes: number; readonly since: number };

/** A folder into which an operator drops exports. A file is taken once its size has rested, then moved into `taken/`. */
export class DropFolder {
  readonly #folder: string;
  readonly #seen = new Map<string, Seen>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Make the folder. */
  async open(): Promise<void> {
    await mkdir(path.join(this.#folder, TAKEN), { recursive: true });
  }

  /**
   * Files whose size has not changed for 2 s; hidden and partial ones are left alone.
   *
   * @param now ms
   */
  async rested(now: number): Promise<Input[]> {
    const rested: Input[] = [];
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      const { name } = entry;
      if (!entry.isFile() || name.startsWith('.') || isPartialName(name)) continue;
      const file = path.join(this.#folder, name);
      const facts = await stat(file).catch(() => undefined);
      if (!facts) continue;
      const seen = this.#seen.get(name);
      if (seen?.bytes !== facts.size) this.#seen.set(name, { bytes: facts.size, since: now });
      else if (now - seen.since >= REST_MS) rested.push({ file, name, bytes: facts.size });
    }
    return rested;
  }

  /** Move a file that was uploaded out of the way; an older one of that name in `taken/` is replaced. */
  async taken({ file, name }: Input): Promise<void> {
    this.#seen.delete(name);
    await rename(file, path.join(this.#folder, TAKEN, name));
  }
}
