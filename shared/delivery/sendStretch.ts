import type { SendOutcome } from '../connector/types.ts';
import {
  approach,
  closeCircuit,
  closeGate,
  keepProbe,
  leaveProbe,
  look,
  noteAcceptance,
  openCircuit,
  park,
  pause,
  waitOrPark,
} from './admit.ts';
import { isProbe, type Admission } from './circuit.ts';
import { backoff, outageDelay } from '../backoff.ts';
import type { Stretch } from './batchBook.ts';
import type { ChunkRun } from './chunkRun.ts';
import { MAPPING_REFUSED, mappingOpening } from './mappingGuard.ts';
import type { Sample } from './pacing.ts';

/** A stretch of records with the request that holds them. */
export type Load = Stretch & {
  /** Records in the request: those of the stretch that validation let through. */
  readonly records: number;
  readonly request: readonly Uint8Array[];
  /** An earlier attempt may have reached the service. */
  readonly uncertain: boolean;
};

/** What became of a load: settled in the ledger, refused as a whole, or left as the ledger says because the run ends. */
export type Delivery =
  { readonly kind: 'settled' | 'stopped' } | { readonly kind: 'refused'; readonly outcome: SendOutcome };

/** Attempts at one load while others get through, in multiples of the attempts allowed while nothing does. */
const PATIENCE = 6;
/** Least spread of attempts that are repeated while others get through, ms. */
const SHORTEST_MS = 50;

/** A process that stood still this long after its last look at the ledger looks again before a request begins, ms. */
const STANDSTILL_MS = 250;

/** Sends one load, again and again as its outcomes allow, and checks each step off in the ledger. */
export async function sendStretch(run: ChunkRun, load: Load): Promise<Delivery> {
  return new StretchSender(run, load).deliver();
}

class StretchSender {
  readonly #run: ChunkRun;
  readonly #load: Load;
  readonly #name: string;
  readonly #began: number;
  #uncertain: boolean;
  /** Requests that went out, if only with their first byte. */
  #requests = 0;
  #failures = 0;
  /** Failures in a row while nothing of the connector's got through, and when the last one was. */
  #inVain = 0;
  #failedAt = 0;
  #waited = 0;
  #tokenRefused = false;
  #probe = false;

  constructor(run: ChunkRun, load: Load) {
    this.#run = run;
    this.#load = load;
    this.#name = run.nextRequest();
    this.#began = run.services.clock.monotonic();
    this.#uncertain = load.uncertain;
  }

  async deliver(): Promise<Delivery> {
    try {
      while (!this.#run.ends) {
        const outcome = await this.#attempt();
        const delivery = outcome && (await this.#judge(outcome));
        if (delivery !== undefined) return delivery;
      }
    } catch (error) {
      await this.#leaveProbe().catch(() => undefined);
      throw error;
    }
    await this.#leaveProbe();
    return { kind: 'stopped' };
  }

  /** Whether no request may begin any more. A probe may although its chunk is parked: perhaps for no other reason than to wait for it. */
  get #ends(): boolean {
    const { ends, stop, services } = this.#run;
    return ends && (!this.#probe || stop.cause?.kind !== 'park' || services.stopping.aborted);
  }

  /** One request at most; undefined when none went out and nothing kept it back but us. */
  async #attempt(): Promise<SendOutcome | undefined> {
    const run = this.#run;
    const permit = await run.lane.acquire(run.stop.signal);
    if (permit === undefined) return undefined;
    const over = new AbortController();
    let sample: Sample | undefined;
    let said: Admission | undefined;
    try {
      said = await approach(run, this.#name);
      if (said.kind === 'go') this.#probe = said.probe;
      if (isProbe(said)) void keepProbe(run, this.#name, over.signal);
      if (said.kind === 'go' && !this.#ends) {
        const result = await this.#request();
        if (result?.kind === 'outcome') {
          sample = sampleOf(result.outcome);
          return result.outcome;
        }
        said = result;
      }
    } finally {
      over.abort();
      permit.release(sample);
    }
    if (said?.kind === 'wait') {
      const ms = await waitOrPark(run, said, this.#waited);
      this.#waited += ms ?? 0;
    }
    return undefined;
  }

  /**
   * Everything that can take time comes first: token, connection, then the mark. From the answer of the last look to the first byte
   * nothing is waited for.
   * @returns what became of it, or what kept it back
   */
  async #request(): Promise<{ kind: 'outcome'; outcome: SendOutcome } | Admission | undefined> {
    const run = this.#run;
    const { clock, stopping } = run.services;
    const preparation = await run.lane.client.prepare(this.#probe ? stopping : run.stop.signal);
    if (preparation === undefined) return undefined;
    if (preparation.kind === 'failed') return { kind: 'outcome', outcome: preparation.outcome };
    const { request } = preparation;
    try {
      await run.ensureClaim();
      await this.#mark();
      const said = await look(run, this.#name);
      const looked = clock.monotonic();
      if (said.kind === 'go') this.#probe = said.probe;
      const mayBegin = (): boolean => !this.#ends && clock.monotonic() - looked <= STANDSTILL_MS;
      const outcome = said.kind === 'go' ? await request.send(this.#load.request, mayBegin) : undefined;
      this.#settle(outcome);
      return outcome === undefined ? said : { kind: 'outcome', outcome };
    } finally {
      request.release();
    }
  }

  async #mark(): Promise<void> {
    const { records } = this.#load;
    const resend = this.#uncertain;
    await this.#run.book.sending(this.#load, { records, resend, repeated: this.#requests > 0 });
    // Counted: should this attempt not reach the service, the one after it is no further resend.
    this.#uncertain = false;
  }

  /** What the mark has become, once it is known whether a request went out. */
  #settle(outcome: SendOutcome | undefined): void {
    const { book } = this.#run;
    if (outcome?.stage !== 'request') {
      book.withdrawn(this.#load, { repeated: this.#requests > 0 });
      return;
    }
    this.#requests++;
    if (outcome.certainty === 'notAccepted') book.notSent(this.#load);
    this.#uncertain = outcome.certainty === 'ambiguous';
  }

  /** Should this request be the probe, another may be it at once. */
  async #leaveProbe(): Promise<void> {
    if (this.#probe) await leaveProbe(this.#run, this.#name);
    this.#probe = false;
  }

  async #judge(outcome: SendOutcome): Promise<Delivery | undefined> {
    const { next } = outcome;
    if (next === 'done') return this.#accepted(outcome);
    if (next === 'retry') return this.#again(outcome);
    if (next === 'refuse' || next === 'shrink') return this.#refused(outcome);
    if (next === 'block' || this.#tokenRefused) return this.#blocked(outcome);
    // The client gives a refused token to no further request.
    this.#tokenRefused = true;
    return undefined;
  }

  async #accepted({ recordsSaved, anomaly, reason }: SendOutcome): Promise<Delivery> {
    const { book, lane, services, where } = this.#run;
    const { records, batch } = this.#load;
    const gap = recordsSaved === undefined ? 0 : Math.max(0, records - recordsSaved);
    lane.succeeded();
    await book.accepted(this.#load, records, gap);
    services.log.debug('batch.accepted', { ...where, batch, records: records - gap });
    if (gap > 0) services.log.error('batch.countGap', { ...where, batch, records, count: gap });
    if (anomaly) services.log.warn('batch.strangeAnswer', { ...where, batch, code: reason.code });
    if (this.#probe) await closeCircuit(this.#run, this.#name, true);
    else await noteAcceptance(this.#run);
    return { kind: 'settled' };
  }

  async #again(outcome: SendOutcome): Promise<Delivery | undefined> {
    const run = this.#run;
    const { clock, random, settings } = run.services;
    const hold = outcome.certainty === 'ambiguous' && run.plan.onUnknownOutcome === 'hold';
    if (hold) await run.book.hold(this.#load);
    if (outcome.retryAfterMs !== undefined && outcome.retryAfterMs > 0) {
      await closeGate(run, clock.now() + outcome.retryAfterMs);
    }
    this.#failures++;
    const { backoffBaseMs, attempts, attemptsMs } = settings;
    const now = clock.monotonic();
    if (run.lane.lastSuccess >= this.#failedAt) this.#inVain = 0;
    this.#inVain++;
    this.#failedAt = now;
    const delay = this.#delay();
    const silence = now - Math.max(run.lane.lastSuccess, this.#began);
    if (this.#probe || this.#inVain >= attempts || silence + delay > attemptsMs) {
      await openCircuit(run, this.#name, {
        kind: outcome.reason.status === 429 ? 'throttled' : 'outage',
        reason: outcome.reason,
        until: (failures) =>
          clock.now() + outageDelay(failures, backoffBaseMs, settings.backoffMaxMs, random),
      });
    } else if (this.#failures >= attempts * PATIENCE) {
      park(
        run,
        outcome.reason,
        clock.now() + outageDelay(run.row.parkings + 1, backoffBaseMs, settings.backoffMaxMs, random),
      );
    }
    if (hold) return { kind: 'settled' };
    if (run.ends) return { kind: 'stopped' };
    await pause(run, delay);
    return undefined;
  }

  /**
   * While others get through, the service is well and this answer was chance: about a round trip is enough. Otherwise growing, so
   * that a service in trouble is left alone.
   */
  #delay(): number {
    const { clock, random, settings } = this.#run.services;
    const { lastSuccess, roundTripMs } = this.#run.lane;
    const { backoffBaseMs, backoffInProcessMs } = settings;
    if (clock.monotonic() - lastSuccess <= Math.max(backoffBaseMs, 2 * roundTripMs)) {
      return Math.ceil(random() * Math.min(backoffBaseMs, Math.max(SHORTEST_MS, 2 * roundTripMs)));
    }
    return backoff(this.#inVain, backoffBaseMs, backoffInProcessMs, random);
  }

  async #blocked(outcome: SendOutcome): Promise<Delivery> {
    const { clock, random, settings } = this.#run.services;
    await openCircuit(this.#run, this.#name, {
      kind: 'blocked',
      reason: outcome.reason,
      until: () => clock.now() + Math.ceil(settings.probeMs * (1 + 0.1 * random())),
    });
    return { kind: 'stopped' };
  }

  /** Refused for what it holds. A connector blocked for its mapping stays blocked; any other is well, as it answers. */
  async #refused(outcome: SendOutcome): Promise<Delivery> {
    const run = this.#run;
    if (this.#probe) {
      const reason = run.lane.gate.recent(Number.POSITIVE_INFINITY)?.reason;
      if (outcome.next === 'refuse' && reason?.code === MAPPING_REFUSED) {
        await openCircuit(run, this.#name, mappingOpening(run.services, reason));
        return { kind: 'stopped' };
      }
      await closeCircuit(run, this.#name, false);
    }
    return { kind: 'refused', outcome };
  }
}

/** What an outcome teaches about the pace; nothing when no token was to be had, or the configuration is at fault. */
function sampleOf({ next, stage, reason, durationMs }: SendOutcome): Sample | undefined {
  if (next === 'done' || next === 'refuse' || next === 'shrink') return { kind: 'well', durationMs };
  if (next !== 'retry' || stage === 'token') return undefined;
  return { kind: reason.status === 429 ? 'throttled' : 'pressed', durationMs };
}
