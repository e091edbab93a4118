import { setTimeout as delay } from 'node:timers/promises';
import type { Reason } from '../../shared/errors.ts';
import {
  FINAL_CHUNK_STATES,
  FINAL_EXPORT_STATES,
  type ConnectorRow,
  type ExportRow,
} from '../../shared/ledger/model.ts';
import { CONNECTOR_PAUSED, UNKNOWN_OUTCOME_HELD } from '../../shared/ledger/reasons.ts';
import type { ExportView, LedgerView } from './ledgerView.ts';
import type { Progress } from './progress.ts';

/** Looks follow each other after so long, ms, and take at most this share of the time: an export of thousands of chunks is long to read. */
const POLL_MS = 200;
const POLL_SHARE = 0.2;

/** One export whose way is followed; its id is undefined until it is in the container. */
export type Followed = { readonly name: string; readonly exportId: () => Promise<string | undefined> };

export type FollowOutcome = {
  /** Last known row of each export, in the order given; undefined when the ledger never heard of it. */
  readonly rows: readonly (ExportRow | undefined)[];
  /** Why the run ends before its exports did: the connector is blocked, or held records want a human. */
  readonly stoppedBy?: Reason;
};

/**
 * Show the way of exports until each has ended, or until nothing goes on without a human.
 *
 * @param signal aborted by Ctrl-C: then what is known is returned at once
 */
export async function followExports(
  exports: readonly Followed[],
  connector: string,
  ledger: LedgerView,
  progress: Progress,
  signal: AbortSignal,
): Promise<FollowOutcome> {
  const rows: (ExportRow | undefined)[] = exports.map(() => undefined);
  while (!signal.aborted) {
    const began = performance.now();
    const row = await ledger.connector(connector);
    for (const [index, { name, exportId }] of exports.entries()) {
      if (isEnded(rows[index])) continue;
      const id = await exportId();
      const view = id === undefined ? undefined : await ledger.export(connector, id);
      if (!view) continue;
      rows[index] = view.row;
      progress.update(name, view, waitingWords(view, row));
      const held = heldForGood(view);
      if (held) return { rows, stoppedBy: held };
    }
    if (rows.every(isEnded)) return { rows };
    if (isBlocked(row) && row?.reason) return { rows, stoppedBy: row.reason };
    if (row?.paused) return { rows, stoppedBy: CONNECTOR_PAUSED };
    const lookedMs = performance.now() - began;
    await delay(Math.max(POLL_MS, lookedMs / POLL_SHARE), undefined, { signal }).catch(() => undefined);
  }
  return { rows };
}

/** A probe has failed, and the next one lies ahead. */
const isBlocked = (row: ConnectorRow | undefined): boolean =>
  row?.kind === 'blocked' && row.circuit === 'open' && Date.parse(row.until ?? '') > Date.now();

const isEnded = (row: ExportRow | undefined): boolean =>
  row !== undefined && FINAL_EXPORT_STATES.has(row.state);

/** Why an export will not go on by itself: some of its chunks are held, and none of the others is still to do. */
function heldForGood({ row, chunks }: ExportView): Reason | undefined {
  const held = chunks.find(({ state }) => state === 'held');
  const moving = chunks.some(({ state }) => state !== 'held' && !FINAL_CHUNK_STATES.has(state));
  return held && !moving && !isEnded(row) ? (held.reason ?? UNKNOWN_OUTCOME_HELD) : undefined;
}

/** Why an export waits and when it goes on; undefined while it moves. */
export function waitingWords(
  { row, chunks }: ExportView,
  connector: ConnectorRow | undefined,
): string | undefined {
  if (FINAL_EXPORT_STATES.has(row.state)) return undefined;
  const waiting = chunks.filter(({ state }) => state === 'waiting');
  if (waiting.length === 0 || chunks.some(({ state }) => state === 'pushing')) return undefined;
  const due = waiting.map(({ dueAt }) => dueAt ?? '').toSorted()[0] ?? '';
  const reason = waiting.find((chunk) => chunk.reason)?.reason ?? connector?.reason;
  return `waiting until ${due.slice(11, 19)} UTC (${reason ? `${reason.code}: ${reason.cause}` : 'parked'})`;
}
