import { ConflictError } from '../errors.ts';
import { isoTime, moved, replaceExport, type Stored } from '../ledger/exports.ts';
import type { ExportRow } from '../ledger/model.ts';
import type { SplitServices } from './services.ts';

/** Another one has the split now, or the export has ended: whoever meets this stops and leaves everything as it is. */
export class SplitLostError extends Error {
  override readonly name = 'SplitLostError';
}

type ClaimServices = Pick<SplitServices, 'tables' | 'clock' | 'settings' | 'newOwner'>;

/**
 * Whether an export's split is to be begun or gone on with, and nobody is at it at `now`, UTC ms. One that is `queued` keeps its
 * owner until every message was sent.
 */
export function isCutOff({ state, owner, claimUntil }: ExportRow, now: number): boolean {
  if (owner !== '') return Date.parse(claimUntil) <= now;
  return state === 'received' || state === 'splitting';
}

/**
 * The right to split one export: the only way to change its row meanwhile. Changes are made one after another, each conditional
 * and each renewing the claim; in between it is renewed at a third of its time. Once lost, everything throws SplitLostError.
 */
export class SplitClaim {
  readonly #services: ClaimServices;
  readonly #owner: string;
  readonly #stopped = new AbortController();
  #stored: Stored<ExportRow>;
  #last: Promise<unknown> = Promise.resolve();
  #lost = false;

  private constructor(services: ClaimServices, stored: Stored<ExportRow>) {
    this.#services = services;
    this.#stored = stored;
    this.#owner = stored.row.owner;
    void this.#renew();
  }

  /** Take the split of an export; undefined when another has it, or when it is done. */
  static async take(services: ClaimServices, stored: Stored<ExportRow>): Promise<SplitClaim | undefined> {
    const { clock, settings, tables } = services;
    const now = clock.now();
    if (!isCutOff(stored.row, now)) return undefined;
    const claim = { owner: services.newOwner(), claimUntil: isoTime(now + settings.splitClaimMs) };
    // From here on a pin may exist, whether or not its answer arrives.
    const row =
      stored.row.state === 'received'
        ? moved(stored.row, 'splitting', now, { ...claim, pinned: true })
        : { ...stored.row, ...claim };
    try {
      return new SplitClaim(services, await replaceExport(tables.exports, stored, row));
    } catch (error) {
      if (error instanceof ConflictError) return undefined;
      throw error;
    }
  }

  /** The export's row and its ETag, as this splitter left them in the ledger. */
  get stored(): Stored<ExportRow> {
    return this.#stored;
  }

  /** The export as this splitter left it in the ledger. */
  get row(): ExportRow {
    return this.#stored.row;
  }

  /** Whether the ledger took the split away, or could not be reached to keep it. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Aborted when the split is lost or over: for reads that shall not go on. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Change the export and renew the claim. @throws {SplitLostError} */
  change(to: (row: ExportRow) => ExportRow): Promise<ExportRow> {
    const change = this.#last.then(() => this.#replace(to));
    this.#last = change.catch(() => undefined);
    return change;
  }

  /** No renewal after this. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#last;
  }

  async #replace(to: (row: ExportRow) => ExportRow): Promise<ExportRow> {
    if (this.#stopped.signal.aborted) throw new SplitLostError('The split was lost.');
    const { tables, clock, settings } = this.#services;
    const changed = to(this.#stored.row);
    const claimUntil = changed.owner === this.#owner ? isoTime(clock.now() + settings.splitClaimMs) : '';
    try {
      this.#stored = await replaceExport(tables.exports, this.#stored, { ...changed, claimUntil });
      return this.#stored.row;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      this.#lose();
      throw new SplitLostError('Another one has the split now, or the export has ended.', { cause: error });
    }
  }

  async #renew(): Promise<void> {
    const { clock, settings } = this.#services;
    try {
      for (;;) {
        await clock.sleep(settings.splitClaimMs / 3, this.#stopped.signal);
        await this.change((row) => row);
      }
    } catch {
      // Whoever works under the claim learns it from the signal and from the next change.
      if (!this.#stopped.signal.aborted) this.#lose();
    }
  }

  #lose(): void {
    this.#lost = true;
    this.#stopped.abort();
  }
}
