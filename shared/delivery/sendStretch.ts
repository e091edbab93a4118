import type { SendOutcome } from '../connector/types.ts';
import {
  admit,
  closeCircuit,
  closeGate,
  glance,
  keepProbe,
  leaveProbe,
  noteAcceptance,
  openCircuit,
  park,
  pause,
  waitOrPark,
} from './admit.ts';
import type { Admission } from './circuit.ts';
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
  #attemptBegan = 0;
  #attempts = 0;
  #failures = 0;
  #waited = 0;
  #renewed = false;
  #credential = 0;
  #probe = false;

  constructor(run: ChunkRun, load: Load) {
    this.#run = run;
    this.#load = load;
    this.#name = run.nextRequest();
    this.#began = run.services.clock.monotonic();
    this.#uncertain = load.uncertain;
  }

  async deliver(): Promise<Delivery> {
    for (;;) {
      if (this.#run.ends) {
        if (this.#probe) await leaveProbe(this.#run, this.#name);
        return { kind: 'stopped' };
      }
      const outcome = await this.#attempt();
      if (outcome === undefined) continue;
      const delivery = await this.#judge(outcome);
      if (delivery !== undefined) return delivery;
    }
  }

  /** One request at most; undefined when none went out. */
  async #attempt(): Promise<SendOutcome | undefined> {
    const run = this.#run;
    const permit = await run.lane.acquire(run.stop.signal);
    if (permit === undefined) return undefined;
    let sample: Sample | undefined;
    let kept: Admission;
    try {
      kept = await glance(run, this.#name);
      if (run.ends) return undefined;
      if (kept.kind !== 'wait') {
        await this.#ready();
        await run.ensureClaim();
        await this.#mark();
        kept = await admit(run, this.#name);
        this.#probe = kept.kind === 'go' && kept.probe;
        // No await between this look and the request: from the answer of the ledger to the first byte nothing may come.
        if (kept.kind === 'go' && !run.ends) {
          const outcome = await this.#post();
          sample = outcome && sampleOf(outcome);
          return outcome;
        }
        this.#unmark();
      }
    } finally {
      permit.release(sample);
    }
    if (kept.kind === 'wait') {
      const ms = await waitOrPark(run, kept, this.#waited);
      this.#waited += ms ?? 0;
    }
    return undefined;
  }

  /** Whatever takes time comes before the mark, so that nothing stands between the last look at the gate and the first byte. */
  async #ready(): Promise<void> {
    const { lane, services } = this.#run;
    try {
      await lane.client.ready?.(services.stopping);
    } catch (error) {
      if (!services.stopping.aborted) throw error;
    }
  }

  async #mark(): Promise<void> {
    const { records } = this.#load;
    const resend = this.#uncertain;
    await this.#run.book.sending(this.#load, { records, resend, repeated: this.#attempts > 0 });
    // Counted: should this attempt not reach the service, the one after it is no further resend.
    this.#uncertain = false;
  }

  /** The service cannot have it by now, or what it may have is counted already. */
  #unmark(): void {
    this.#run.book.notSent(this.#load);
  }

  async #post(): Promise<SendOutcome | undefined> {
    const { lane, services } = this.#run;
    this.#attempts++;
    this.#attemptBegan = services.clock.monotonic();
    this.#credential = lane.credential;
    const over = new AbortController();
    if (this.#probe) void keepProbe(this.#run, this.#name, over.signal);
    try {
      return await lane.client.send(this.#load.request, services.stopping);
    } catch (error) {
      if (!services.stopping.aborted) throw error;
      this.#unmark();
      return undefined;
    } finally {
      over.abort();
    }
  }

  async #judge(outcome: SendOutcome): Promise<Delivery | undefined> {
    const run = this.#run;
    if (outcome.certainty === 'notAccepted') this.#unmark();
    this.#uncertain = outcome.certainty === 'ambiguous';
    const { next } = outcome;
    if (next === 'done') return this.#accepted(outcome);
    if (next === 'retry') return this.#again(outcome);
    if (next === 'refuse' || next === 'shrink') return this.#refused(outcome);
    if (next === 'block' || this.#renewed) return this.#blocked(outcome);
    this.#renewed = true;
    run.lane.renewCredential(this.#credential);
    return undefined;
  }

  async #accepted({ recordsSaved, anomaly, code }: SendOutcome): Promise<Delivery> {
    const { book, lane, services, where } = this.#run;
    const { records, batch } = this.#load;
    const gap = recordsSaved === undefined ? 0 : Math.max(0, records - recordsSaved);
    lane.succeeded();
    await book.accepted(this.#load, records, gap);
    services.log.debug('batch.accepted', { ...where, batch, records: records - gap });
    if (gap > 0) services.log.error('batch.countGap', { ...where, batch, records, count: gap });
    if (anomaly) services.log.warn('batch.strangeAnswer', { ...where, batch, code });
    if (this.#probe) await closeCircuit(this.#run, this.#name, true);
    else await noteAcceptance(this.#run);
    return { kind: 'settled' };
  }

  async #again(outcome: SendOutcome): Promise<Delivery | undefined> {
    const run = this.#run;
    const { clock, random, settings } = run.services;
    const hold = this.#uncertain && run.plan.onUnknownOutcome === 'hold';
    if (hold) await run.book.hold(this.#load);
    if (outcome.retryAfterMs !== undefined && outcome.retryAfterMs > 0) {
      await closeGate(run, clock.now() + outcome.retryAfterMs);
    }
    this.#failures++;
    const { backoffBaseMs, attempts, attemptsMs } = settings;
    const delay = this.#delay();
    const spent = clock.monotonic() - this.#began;
    const nothingGetsThrough = run.lane.lastSuccess < this.#began;
    if (this.#probe || (nothingGetsThrough && (this.#failures >= attempts || spent + delay > attemptsMs))) {
      await openCircuit(run, this.#name, {
        kind: outcome.status === 429 ? 'throttled' : 'outage',
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
    const { random, settings } = this.#run.services;
    const { lastSuccess, roundTripMs } = this.#run.lane;
    const { backoffBaseMs, backoffInProcessMs } = settings;
    if (lastSuccess >= this.#attemptBegan) {
      return Math.ceil(random() * Math.min(backoffBaseMs, Math.max(SHORTEST_MS, 2 * roundTripMs)));
    }
    return backoff(this.#failures, backoffBaseMs, backoffInProcessMs, random);
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

/** What a request teaches about the pace; nothing when the service was not reached or the configuration is at fault. */
function sampleOf({ next, status, code, durationMs }: SendOutcome): Sample | undefined {
  if (next === 'done' || next === 'refuse' || next === 'shrink') return { kind: 'well', durationMs };
  if (next !== 'retry' || code.startsWith('TOKEN_')) return undefined;
  return { kind: status === 429 ? 'throttled' : 'pressed', durationMs };
}
