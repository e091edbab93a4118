import { createHash } from 'node:crypto';
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
type Waiting = LoggedEntry & { readonly side: 'start' | 'end'; readonly key: string };

/** Waiting entries as kept from one run to the next, in order of arrival. */
export type PairingState = {
  readonly waiting: readonly (readonly [
    key: string,
    waiting: Omit<Waiting, 'entry' | 'key'> & { entry: StoredEntry },
  ])[];
  readonly ended: readonly (readonly [key: string, count: number])[];
};
type StoredEntry = Omit<AuditEntry, 'headers'> & { readonly headers: readonly (readonly [string, string])[] };

/** What to do with a request now: carry it, or tell that its end never came. */
export type Paired = LoggedEntry & { readonly kind: 'ended' | 'neverEnded' };

/** Waiting entries are at most so many: some hundred times what a busy service has in flight. */
export const MAX_WAITING = 20_000;
/**
 * And at most so long, all together: 800 characters each, twice what an entry has. One of ten full headers and a long URI has 28,000, and
 * 20,000 of these would fill the smallest instance.
 */
export const MAX_WAITING_CHARACTERS = 16 * 2 ** 20;
const MAX_ENDED = 20_000;
/** A correlation id of the service has 32 characters; of a longer one than this its hash is kept. */
const MAX_KEY = 64;
/** The other side of a request is looked for so many hours further in the log, ms. */
const PATIENCE_MS = 2 * 3_600_000;

/**
 * Brings the two entries of a request together by correlation id, in whatever order and hour they come.
 * The end decides; the beginning only adds what the end does not say. Several requests under one correlation id (a bundle) are
 * matched first come, first served, equal URIs first.
 *
 * Bounded: at most MAX_WAITING entries of MAX_WAITING_CHARACTERS wait, the longest waiting leaves first; MAX_ENDED ends are remembered.
 * Deterministic: the outcome depends on the entries alone.
 */
export class Pairing {
  /** In order of arrival. */
  readonly #waiting = new Set<Waiting>();
  readonly #byKey = new Map<string, Set<Waiting>>();
  readonly #ended: Map<string, number>;
  #characters = 0;

  constructor(state?: PairingState) {
    this.#ended = new Map(state?.ended);
    for (const [key, { entry, ...rest }] of state?.waiting ?? [])
      this.#add({ ...rest, key, entry: { ...entry, headers: new Map(entry.headers) } });
  }

  /** An entry that began a request. Returns the request when its end waited for it, or what left to make room. */
  began(logged: LoggedEntry): Paired[] {
    const key = keyOf(logged);
    if (key === '') return [];
    const end = this.#take(key, 'end', logged.entry.uri);
    if (end !== undefined) return [{ ...given(end), entry: mergeEntries(logged.entry, end.entry) }];
    const early = this.#ended.get(key) ?? 0;
    if (early > 0) {
      if (early === 1) this.#ended.delete(key);
      else this.#ended.set(key, early - 1);
      return [];
    }
    return this.#wait({ ...logged, key, side: 'start' });
  }

  /** An entry that closed a request; `wanted` says whether the request is to be carried. */
  closed(logged: LoggedEntry, wanted: boolean): Paired[] {
    const key = keyOf(logged);
    if (key === '') return wanted ? [{ ...logged, kind: 'ended' }] : [];
    const start = this.#take(key, 'start', logged.entry.uri);
    if (start !== undefined)
      return wanted ? [{ ...logged, entry: mergeEntries(start.entry, logged.entry), kind: 'ended' }] : [];
    if (wanted && isBare(logged.entry)) return this.#wait({ ...logged, key, side: 'end' });
    this.#ended.set(key, (this.#ended.get(key) ?? 0) + 1);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value!);
    return wanted ? [{ ...logged, kind: 'ended' }] : [];
  }

  /** What waited in vain by the time the log has come to `hour` (UTC ms). */
  expire(hour: number): Paired[] {
    const late = [...this.#waiting].filter((waiting) => waiting.hour + PATIENCE_MS < hour);
    for (const waiting of late) this.#remove(waiting);
    return late.map(given);
  }

  toState(): PairingState {
    const waiting = [...this.#waiting].map(
      ({ key, entry, ...rest }) =>
        [key, { ...rest, entry: { ...entry, headers: [...entry.headers] } }] as const,
    );
    return { waiting, ended: [...this.#ended] };
  }

  #wait(waiting: Waiting): Paired[] {
    this.#add(waiting);
    const left: Paired[] = [];
    for (const oldest of this.#waiting) {
      if (this.#waiting.size <= MAX_WAITING && this.#characters <= MAX_WAITING_CHARACTERS) break;
      this.#remove(oldest);
      left.push(given(oldest));
    }
    return left;
  }

  #take(key: string, side: Waiting['side'], uri: string): Waiting | undefined {
    const list = [...(this.#byKey.get(key) ?? [])].filter((waiting) => waiting.side === side);
    const found = list.find(({ entry }) => entry.uri === uri) ?? list[0];
    if (found !== undefined) this.#remove(found);
    return found;
  }

  #add(waiting: Waiting): void {
    const { key } = waiting;
    this.#waiting.add(waiting);
    this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(waiting));
    this.#characters += charactersOf(waiting);
  }

  #remove(waiting: Waiting): void {
    const { key } = waiting;
    this.#waiting.delete(waiting);
    const list = this.#byKey.get(key);
    list?.delete(waiting);
    if (list?.size === 0) this.#byKey.delete(key);
    this.#characters -= charactersOf(waiting);
  }
}

function keyOf({ entry: { correlationId } }: LoggedEntry): string {
  if (correlationId.length <= MAX_KEY) return correlationId;
  return createHash('sha256').update(correlationId).digest('base64url');
}

/** What an entry takes in memory grows with it. */
function charactersOf({ entry: { headers, ...texts } }: LoggedEntry): number {
  let count = 0;
  for (const text of Object.values(texts)) count += text.length;
  for (const [name, value] of headers) count += name.length + value.length;
  return count;
}

/** An end that lacks what its beginning may know. */
const isBare = ({ headers, uri }: AuditEntry): boolean => headers.size === 0 || uri === '';

const given = ({ entry, line, hour, side }: Waiting): Paired => ({
  entry,
  line,
  hour,
  kind: side === 'end' ? 'ended' : 'neverEnded',
});
