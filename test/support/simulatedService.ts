import type { Clock, Random } from '../../shared/clock.ts';
import type { ConnectorClient, Preparation, SendOutcome } from '../../shared/connector/types.ts';
import { OFFENDING } from './deliveryExport.ts';

/** What the service does to one request, if it is not what it does when well. */
export type Misbehaviour =
  /** Answers `status` without taking the records. */
  | { readonly kind: 'refusing'; readonly status: number; readonly retryAfterMs?: number }
  /** No usable answer; `taken` says whether it took the records all the same. */
  | { readonly kind: 'silent'; readonly taken: boolean }
  /** Says that it saved `gap` records fewer. */
  | { readonly kind: 'gap'; readonly gap: number };

export type ServiceOptions = {
  readonly clock: Clock;
  readonly random: Random;
  /** ms a request takes. */
  readonly latency: () => number;
  /** Asked once per request, when it begins; undefined: it is well. `inFlight` counts this one. */
  readonly misbehave?: (request: {
    readonly number: number;
    readonly inFlight: number;
    readonly records: number;
    readonly lines: readonly string[];
  }) => Misbehaviour | undefined;
  /** What preparing a request takes, ms, and whether it comes to nothing; asked once for each. By default it takes no time. */
  readonly preparing?: () => { readonly ms?: number; readonly fails?: 'token' | 'connection' };
  /** Largest body, bytes. */
  readonly maxBytes?: number;
};

/** A request as the service saw it. */
export type SeenRequest = {
  readonly at: number;
  readonly from: string;
  readonly records: number;
  readonly outcome: string;
};

const HEAD = Buffer.from('<part>\n');
const TAIL = Buffer.from('</part>');
const RETRIED: ReadonlySet<number> = new Set([408, 425, 429, 500, 501, 502, 503, 504]);

/** The connector's service in virtual time: takes records, or does not, and remembers everything. */
export class SimulatedService {
  readonly requests: SeenRequest[] = [];
  /** How often each record was taken, by its line. */
  readonly taken = new Map<string, number>();
  readonly #options: ServiceOptions;
  #inFlight = 0;
  #mostInFlight = 0;
  #renewals = 0;
  #prepared = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  /** Requests that were prepared and neither sent nor given back. */
  get prepared(): number {
    return this.#prepared;
  }

  /** How often a client took a new token because one was refused, or because it was told to. */
  get renewals(): number {
    return this.#renewals;
  }

  /** A client of the service; `from` names it in what the service remembers. */
  client(from: string): ConnectorClient {
    let token = 0;
    const renew = (): void => {
      token++;
      this.#renewals++;
    };
    const request = (used: number): Extract<Preparation, { kind: 'ready' }>['request'] => {
      let spent = false;
      const release = (): void => {
        if (!spent) this.#prepared--;
        spent = true;
      };
      this.#prepared++;
      return {
        send: async (body, mayBegin) => {
          if (spent) throw new Error('The request was spent.');
          release();
          if (!mayBegin()) return undefined;
          const outcome = await this.#take(from, Buffer.concat(body));
          if (outcome.reason.status === 401 && used === token) renew();
          return outcome;
        },
        release,
      };
    };
    return {
      frame: { contentType: 'multipart/form-data', head: HEAD, tail: TAIL },
      prepare: async (signal) => {
        if (signal.aborted) return undefined;
        const used = token;
        const { ms = 0, fails } = this.#options.preparing?.() ?? {};
        if (ms > 0) await this.#options.clock.sleep(ms, signal).catch(() => undefined);
        if (signal.aborted) return undefined;
        return fails === undefined
          ? { kind: 'ready', request: request(used) }
          : { kind: 'failed', outcome: unprepared(fails) };
      },
      renewCredential: renew,
      close: () => Promise.resolve(),
    };
  }

  async #take(from: string, body: Buffer): Promise<SendOutcome> {
    const { clock, latency, misbehave, maxBytes = Number.POSITIVE_INFINITY } = this.#options;
    const began = clock.monotonic();
    const lines = recordsIn(body);
    this.#mostInFlight = Math.max(this.#mostInFlight, ++this.#inFlight);
    const number = this.requests.length;
    const wrong = misbehave?.({ number, inFlight: this.#inFlight, records: lines.length, lines });
    const outcome = body.length > maxBytes ? answer(413) : this.#decide(lines, wrong);
    this.requests.push({ at: clock.now(), from, records: lines.length, outcome: outcome.reason.code });
    const taken =
      outcome.certainty === 'accepted' ||
      (wrong?.kind === 'silent' && wrong.taken && !lines.some((line) => line.includes(OFFENDING)));
    // Taken half-way, answered at the end: a client that dies in between leaves an unknown outcome.
    const ms = latency();
    await clock.sleep(ms / 2);
    if (taken) for (const line of lines) this.taken.set(line, (this.taken.get(line) ?? 0) + 1);
    await clock.sleep(ms / 2);
    this.#inFlight--;
    return { ...outcome, durationMs: clock.monotonic() - began };
  }

  #decide(lines: readonly string[], wrong: Misbehaviour | undefined): Omit<SendOutcome, 'durationMs'> {
    if (wrong?.kind === 'refusing') return answer(wrong.status, wrong.retryAfterMs);
    if (wrong?.kind === 'silent') {
      return { certainty: 'ambiguous', next: 'retry', stage: 'request', reason: reasonOf('TIMEOUT') };
    }
    const offending = lines.find((line) => line.includes(OFFENDING));
    if (offending !== undefined) return { ...answer(400), words: `cannot read ${offending}` };
    if (wrong?.kind === 'gap') return { ...answer(200), recordsSaved: Math.max(0, lines.length - wrong.gap) };
    return answer(200);
  }
}

/** The records of a body, each with its line end. A line end inside quotes ends none. */
function recordsIn(body: Buffer): string[] {
  const text = body.toString('utf8');
  if (!text.startsWith(HEAD.toString()) || !text.endsWith(TAIL.toString()))
    throw new Error('The body is framed wrongly.');
  const content = text.slice(HEAD.length, text.length - TAIL.length);
  const lines = content.match(/(?:"(?:[^"]|"")*"|[^"\n])*\n/gu) ?? [];
  if (lines.join('') !== content) throw new Error('The body holds something that is no record.');
  return lines.slice(1);
}

const reasonOf = (code: string, status?: number): SendOutcome['reason'] => ({
  code,
  ...(status === undefined ? {} : { status }),
  cause: 'The simulated service says so.',
  cure: 'None.',
});

/** Nothing went out. */
const unprepared = (stage: 'token' | 'connection'): SendOutcome => ({
  certainty: 'notAccepted',
  next: 'retry',
  stage,
  reason: reasonOf(stage === 'token' ? 'TOKEN_UNAVAILABLE' : 'CONNECT_FAILED'),
  durationMs: 0,
});

/** What an answer means, as the table of outcomes has it. */
function answer(status: number, retryAfterMs?: number): Omit<SendOutcome, 'durationMs'> {
  const facts = {
    stage: 'request' as const,
    reason: reasonOf(`HTTP_${status}`, status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  if (status === 200) return { ...facts, certainty: 'accepted', next: 'done' };
  if (status === 413) return { ...facts, certainty: 'notAccepted', next: 'shrink' };
  if (status === 401) return { ...facts, certainty: 'notAccepted', next: 'refreshToken' };
  if (status === 400 || status === 422) return { ...facts, certainty: 'notAccepted', next: 'refuse' };
  if (!RETRIED.has(status)) return { ...facts, certainty: 'notAccepted', next: 'block' };
  return {
    ...facts,
    certainty: status === 429 || status === 425 ? 'notAccepted' : 'ambiguous',
    next: 'retry',
  };
}
