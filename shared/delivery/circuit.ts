import type { Reason } from '../errors.ts';
import type { ConnectorRow } from '../ledger/model.ts';
import { CONNECTOR_PAUSED } from '../ledger/reasons.ts';

/** What a connector's row says to somebody who wants to send. */
export type Admission =
  /** Send. `probe` when this request decides for all whether the connector is well again. */
  | { readonly kind: 'go'; readonly probe: boolean }
  /** The circuit's delay is over and nobody tries yet: whoever writes {@link probing} first may. */
  | { readonly kind: 'probeDue' }
  /** Nothing goes out before `until` (UTC ms). `brief`: it depends on a probe under way, so it may be over at any moment. */
  | { readonly kind: 'wait'; readonly until: number; readonly brief: boolean; readonly reason: Reason };

/** Whether the request decides for all whether the connector is well again. */
export const isProbe = (said: Admission): boolean => said.kind === 'go' && said.probe;

/** How long a chunk of a paused connector sleeps; resuming wakes it earlier. */
const PAUSED_MS = 600_000;

const instant = (iso: string | undefined): number => (iso === undefined ? 0 : Date.parse(iso));
const iso = (ms: number): string => new Date(Math.ceil(ms)).toISOString();

const THROTTLED: Reason = {
  code: 'RETRY_AFTER',
  cause: 'The service asked to be left alone for a while.',
  cure: 'None needed: sending goes on by itself at the time the service named.',
};

const PROBED: Reason = {
  code: 'PROBE_UNDER_WAY',
  cause: 'One request finds out whether the connector is well again.',
  cure: 'None needed: the others follow when it is.',
};

/** Whether `me` may send at `now` (UTC ms). */
export function admission(row: ConnectorRow, now: number, me: string): Admission {
  if (row.paused) return { kind: 'wait', until: now + PAUSED_MS, brief: false, reason: CONNECTOR_PAUSED };
  const gate = instant(row.gateUntil);
  const until = instant(row.until);
  if (gate > now) {
    const longer = row.circuit === 'open' && until > gate;
    const reason = row.circuit === 'closed' ? THROTTLED : (row.reason ?? THROTTLED);
    return { kind: 'wait', until: longer ? until : gate, brief: false, reason };
  }
  if (row.circuit === 'closed') return { kind: 'go', probe: false };
  if (row.circuit === 'probing' && row.probeOwner === me) return { kind: 'go', probe: true };
  if (until <= now) return { kind: 'probeDue' };
  const brief = row.circuit === 'probing';
  return { kind: 'wait', until, brief, reason: row.reason ?? PROBED };
}

/** The gate moved to `until` (UTC ms); it never moves back. */
export function gated(row: ConnectorRow, until: number): ConnectorRow {
  return instant(row.gateUntil) >= until ? row : { ...row, gateUntil: iso(until) };
}

/** `me` tries, alone, until `until` at the latest. */
export function probing(row: ConnectorRow, me: string, until: number): ConnectorRow {
  return { ...row, circuit: 'probing', probeOwner: me, until: iso(until) };
}

/** Why a circuit opens. */
export type Opening = {
  readonly kind: NonNullable<ConnectorRow['kind']>;
  readonly reason: Reason;
  /** When to try next, UTC ms, given the number of failures in a row. */
  readonly until: (failures: number) => number;
};

/**
 * Nothing is sent until the next probe. A circuit that another instance opened stays as it is, and so does one whose probe is
 * under way by another: only the probe itself decides then.
 */
export function opened(
  row: ConnectorRow,
  me: string,
  { kind, reason, until }: Opening,
  now: number,
): ConnectorRow {
  const mine = row.circuit === 'probing' && row.probeOwner === me;
  if (row.circuit !== 'closed' && !mine) return row;
  const failures = row.failures + 1;
  return {
    ...row,
    circuit: 'open',
    kind,
    reason,
    since: row.circuit === 'closed' ? iso(now) : (row.since ?? iso(now)),
    until: iso(until(failures)),
    failures,
    probeOwner: '',
  };
}

/** `me` gives its probe up without an answer. */
export function unprobed(row: ConnectorRow, me: string, now: number): ConnectorRow {
  if (row.circuit !== 'probing' || row.probeOwner !== me) return row;
  return { ...row, circuit: 'open', until: iso(now), probeOwner: '' };
}

/** The probe of `me` found the connector well: everybody sends again. @param acceptedAt UTC ms, when it took records */
export function closed(row: ConnectorRow, me: string, acceptedAt?: number): ConnectorRow {
  if (row.circuit !== 'probing' || row.probeOwner !== me) return row;
  const { kind: _kind, reason: _reason, since: _since, until: _until, ...rest } = row;
  const taken = acceptedAt === undefined ? {} : { lastAcceptedAt: iso(acceptedAt) };
  return { ...rest, ...taken, circuit: 'closed', failures: 0, probeOwner: '' };
}
