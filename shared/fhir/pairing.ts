import { mergeEntries, type AuditEntry } from './auditEntry.ts';

/** An entry with where it stood and how it was written: enough to judge it later and to show it in quarantine. */
export type LoggedEntry = {
  readonly entry: AuditEntry;
  /** Line of the hour's blob, from 1. */
  readonly line: number;
  /** Hour of the blob, UTC ms. */
  readonly hour: number;
};

/** What is kept of one side of a request until the other one comes. */
type Waiting = LoggedEntry & { readonly side: 'start' | 'end' };

/** Waiting entries as kept from one run to the next. */
export type PairingState = {
  readonly waiting: readonly (readonly [
    key: string,
    waiting: Omit<Waiting, 'entry'> & { entry: StoredEntry },
  ])[];
  readonly ended: readonly (readonly [key: string, count: number])[];
};
type StoredEntry = Omit<AuditEntry, 'headers'> & { readonly headers: readonly (readonly [string, string])[] };

/** What to do with a request now: carry it, or tell that its end never came. */
export type Paired = LoggedEntry & { readonly kind: 'ended' | 'neverEnded' };

/** Waiting entries are at most so many: some hundred times what a busy service has in flight. */
export const MAX_WAITING = 20_000;
const MAX_ENDED = 20_000;
/** The other side of a request is looked for so many hours further in the log, ms. */
const PATIENCE_MS = 2 * 3_600_000;

/**
 * Brings the two entries of a request together by correlation id, in whatever order and hour they come.
 * The end decides; the beginning only adds what the end does not say. Several requests under one correlation id (a bundle) are
 * matched first come, first served, equal URIs first.
 *
 * Bounded: at most MAX_WAITING entries wait, the longest waiting leaves first; the same number of ends is remembered.
 * Deterministic: the outcome depends on the entries alone.
 */
export class Pairing {
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #ended: Map<string, number>;
  #count = 0;

  constructor(state?: PairingState) {
    this.#ended = new Map(state?.ended);
    for (const [key, { entry, ...rest }] of state?.waiting ?? [])
      this.#wait(key, { ...rest, entry: { ...entry, headers: new Map(entry.headers) } });
  }

  /** An entry that began a request. Returns the request when its end waited for it, or what left to make room. */
  began(logged: LoggedEntry): Paired[] {
    const key = logged.entry.correlationId;
    if (key === '') return [];
    const end = this.#take(key, 'end', logged.entry.uri);
    if (end !== undefined)
      return [{ ...end, entry: mergeEntries(logged.entry, end.entry), kind: 'ended' as const }];
    const early = this.#ended.get(key) ?? 0;
    if (early > 0) {
      if (early === 1) this.#ended.delete(key);
      else this.#ended.set(key, early - 1);
      return [];
    }
    return this.#wait(key, { ...logged, side: 'start' });
  }

  /** An entry that closed a request; `wanted` says whether the request is to be carried. */
  closed(logged: LoggedEntry, wanted: boolean): Paired[] {
    const key = logged.entry.correlationId;
    if (key === '') return wanted ? [{ ...logged, kind: 'ended' }] : [];
    const start = this.#take(key, 'start', logged.entry.uri);
    if (start !== undefined)
      return wanted ? [{ ...logged, entry: mergeEntries(start.entry, logged.entry), kind: 'ended' }] : [];
    if (wanted && isBare(logged.entry)) return this.#wait(key, { ...logged, side: 'end' });
    this.#ended.set(key, (this.#ended.get(key) ?? 0) + 1);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value!);
    return wanted ? [{ ...logged, kind: 'ended' }] : [];
  }

  /** What waited in vain by the time the log has come to `hour` (UTC ms). */
  expire(hour: number): Paired[] {
    const expired: Paired[] = [];
    for (const [key, list] of this.#waiting) {
      const late = list.filter((waiting) => waiting.hour + PATIENCE_MS < hour);
      if (late.length === 0) continue;
      expired.push(...late.map(given));
      this.#keep(
        key,
        list.filter((waiting) => !late.includes(waiting)),
      );
    }
    return expired;
  }

  toState(): PairingState {
    const waiting = [...this.#waiting].flatMap(([key, list]) =>
      list.map((one) => [key, { ...one, entry: { ...one.entry, headers: [...one.entry.headers] } }] as const),
    );
    return { waiting, ended: [...this.#ended] };
  }

  #wait(key: string, waiting: Waiting): Paired[] {
    const list = this.#waiting.get(key);
    if (list === undefined) this.#waiting.set(key, [waiting]);
    else list.push(waiting);
    this.#count++;
    if (this.#count <= MAX_WAITING) return [];
    const [oldest, [first, ...rest]] = this.#waiting.entries().next().value as [string, [Waiting]];
    this.#keep(oldest, rest);
    return [given(first)];
  }

  #take(key: string, side: Waiting['side'], uri: string): Waiting | undefined {
    const list = this.#waiting.get(key)?.filter((waiting) => waiting.side === side) ?? [];
    const found = list.find(({ entry }) => entry.uri === uri) ?? list[0];
    if (found !== undefined)
      this.#keep(
        key,
        this.#waiting.get(key)!.filter((waiting) => waiting !== found),
      );
    return found;
  }

  #keep(key: string, list: Waiting[]): void {
    this.#count -= this.#waiting.get(key)!.length - list.length;
    if (list.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, list);
  }
}

/** An end that lacks what its beginning may know. */
const isBare = ({ headers, uri }: AuditEntry): boolean => headers.size === 0 || uri === '';

const given = ({ side, ...logged }: Waiting): Paired => ({
  ...logged,
  kind: side === 'end' ? 'ended' : 'neverEnded',
});
