import type { Reason } from '../errors.ts';
import {
  admission,
  closed,
  gated,
  isProbe,
  opened,
  probing,
  unprobed,
  type Admission,
  type Opening,
} from './circuit.ts';
import type { ChunkRun } from './chunkRun.ts';

/** A probe under way is looked at again after so long, ms. */
const PROBE_GLANCE_MS = 500;
/** A chunk that does not wait for a probe any longer comes back after so long, ms. */
const PROBE_PATIENCE_MS = 15_000;
/** A probe not heard of for so long is taken for dead, and another instance may try, ms. Renewed at a third of it. */
const PROBE_LEASE_MS = 30_000;
/** A look at the connector's row as young as this spares a mark in the ledger that would have to be taken back, ms. */
const GLANCE_MS = 1_000;

/**
 * Whether a request has a chance to go out, by what the connector's row said lately: asked before anything is done for it. When the
 * delay of an open circuit is over, the first to ask becomes the probe; for a blocked connector it gets a new credential.
 * Only {@link look} lets it go out.
 */
export async function approach(run: ChunkRun, request: string): Promise<Admission> {
  const { gate } = run.lane;
  const said = admission(gate.recent(GLANCE_MS) ?? (await gate.fresh()), run.services.clock.now(), request);
  return said.kind === 'probeDue' ? becomeProbe(run, request) : said;
}

async function becomeProbe(run: ChunkRun, request: string): Promise<Admission> {
  const { clock } = run.services;
  const { gate, client } = run.lane;
  const row = await gate.change((row) =>
    admission(row, clock.now(), request).kind === 'probeDue'
      ? probing(row, request, clock.now() + PROBE_LEASE_MS)
      : row,
  );
  const said = admission(row, clock.now(), request);
  if (isProbe(said) && row.kind === 'blocked') client.renewCredential();
  return said;
}

/** Whether a request may go out, by the connector's row as it is now: the last thing asked before its first byte. */
export async function look(run: ChunkRun, request: string): Promise<Admission> {
  return admission(await run.lane.gate.fresh(), run.services.clock.now(), request);
}

/** Keep the probe of `request` until `over` is aborted: a request may take longer than others shall wait for one that died. */
export async function keepProbe(run: ChunkRun, request: string, over: AbortSignal): Promise<void> {
  const { clock } = run.services;
  for (;;) {
    await clock.sleep(PROBE_LEASE_MS / 3, over).catch(() => undefined);
    if (over.aborted) return;
    const kept = run.lane.gate.change((row) =>
      row.circuit === 'probing' && row.probeOwner === request
        ? probing(row, request, clock.now() + PROBE_LEASE_MS)
        : row,
    );
    // Out of reach, the ledger lets the probe lapse: then two are under way, and only the later one counts.
    await kept.catch(() => undefined);
  }
}

/**
 * Wait for what keeps a request back, in process when it is soon over, else by parking the chunk.
 * @param waited ms this request was kept back already
 * @returns ms waited; undefined when the run ends
 */
export async function waitOrPark(
  run: ChunkRun,
  { until, brief, reason }: Extract<Admission, { kind: 'wait' }>,
  waited: number,
): Promise<number | undefined> {
  const { clock, random, settings } = run.services;
  const left = Math.max(1, until - clock.now());
  const ms = brief ? Math.min(left, Math.ceil(PROBE_GLANCE_MS * (0.5 + random()))) : left;
  if (waited + ms > settings.shortWaitMs) {
    const patience = Math.ceil(PROBE_PATIENCE_MS * (1 + random()));
    const due = brief ? Math.min(until, clock.now() + patience) : until;
    run.stop.now({ kind: 'park', reason, until: due });
    return undefined;
  }
  return (await pause(run, ms)) ? ms : undefined;
}

/** Sleep unless the run ends first. @returns whether it goes on */
export async function pause(run: ChunkRun, ms: number): Promise<boolean> {
  await run.services.clock.sleep(ms, run.stop.signal).catch(() => undefined);
  return !run.ends;
}

/** Nobody sends before `until` (UTC ms), from whatever instance. */
export async function closeGate(run: ChunkRun, until: number): Promise<void> {
  await run.lane.gate.change((row) => gated(row, until));
}

/** The probe's request was answered: the connector is well. */
export async function closeCircuit(run: ChunkRun, request: string, accepted: boolean): Promise<void> {
  const { clock, log } = run.services;
  let news = false;
  await run.lane.gate.change((row) => {
    const next = closed(row, request, accepted ? clock.now() : undefined);
    // A probe whose right had lapsed decides nothing any more.
    news = next !== row;
    return next;
  });
  if (news) log.info('connector.recovered', { connector: run.exportRow.connector });
}

/** The probe's request never got an answer: another may try at once. */
export async function leaveProbe(run: ChunkRun, request: string): Promise<void> {
  await run.lane.gate.change((row) => unprobed(row, request, run.services.clock.now()));
}

/** Note, once in a while, that the connector takes records: chunks parked for its sake before this may be woken. */
export async function noteAcceptance(run: ChunkRun): Promise<void> {
  if (!run.lane.acceptanceDue()) return;
  const lastAcceptedAt = new Date(run.services.clock.now()).toISOString();
  await run.lane.gate.change((row) => ({ ...row, lastAcceptedAt }));
}

/** Keep everybody out until the next probe, and park this chunk until then. Alerts when the connector was well before. */
export async function openCircuit(run: ChunkRun, request: string, opening: Opening): Promise<void> {
  const { clock, log } = run.services;
  let news = false;
  const row = await run.lane.gate.change((row) => {
    const next = opened(row, request, opening, clock.now());
    news = next !== row && (row.circuit === 'closed' || row.kind !== next.kind);
    return next;
  });
  const { connector } = run.exportRow;
  const { code, status } = opening.reason;
  const fields = { connector, code, ...(status === undefined ? {} : { status }) };
  if (news && opening.kind === 'blocked') log.error('connector.blocked', fields);
  else if (news) log.warn('connector.down', fields);
  const until = Math.max(clock.now(), row.until === undefined ? 0 : Date.parse(row.until));
  park(run, row.reason ?? opening.reason, until);
}

/** Park the chunk until `until` (UTC ms) or a little later, so that not all chunks come back in the same instant. */
export function park(run: ChunkRun, reason: Reason, until: number): void {
  const spread = Math.ceil(run.services.random() * PROBE_GLANCE_MS);
  run.stop.now({ kind: 'park', reason, until: until + spread });
}
