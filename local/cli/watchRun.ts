import type { Reason } from '../../shared/errors.ts';
import { FINAL_EXPORT_STATES, type ConnectorRow, type ExportRow } from '../../shared/ledger/model.ts';
import { printable } from './summary.ts';
import type { ExportView, LedgerView } from './ledgerView.ts';
import type { Progress } from './progress.ts';

const POLL_MS = 200;

/** One export whose way is followed. */
export type Followed = { readonly name: string; readonly exportId: string };

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
  const rows = new Map<string, ExportRow>();
  while (!signal.aborted) {
    const row = await ledger.connector(connector);
    for (const { name, exportId } of exports) {
      const known = rows.get(exportId);
      if (known && FINAL_EXPORT_STATES.has(known.state)) continue;
      const view = await ledger.export(connector, exportId);
      if (!view) continue;
      rows.set(exportId, view.row);
      progress.update(printable(name), view, waitingWords(view, row));
      const held = view.chunks.find(({ state }) => state === 'held');
      const moving = view.chunks.some(
        ({ state }) => state !== 'held' && state !== 'delivered' && state !== 'failed',
      );
      if (held && !moving && !FINAL_EXPORT_STATES.has(view.row.state)) {
        return { rows: exports.map((each) => rows.get(each.exportId)), stoppedBy: held.reason ?? HELD };
      }
    }
    const known = exports.map((each) => rows.get(each.exportId));
    if (known.every((each) => each && FINAL_EXPORT_STATES.has(each.state))) return { rows: known };
    if (row && row.kind === 'blocked' && row.circuit !== 'closed' && row.reason)
      return { rows: known, stoppedBy: row.reason };
    if (row?.paused) return { rows: known, stoppedBy: PAUSED };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { rows: exports.map((each) => rows.get(each.exportId)) };
}

const HELD: Reason = {
  code: 'UNKNOWN_OUTCOME_HELD',
  cause: 'A batch had no usable answer, and the settings say to hold such batches for a human.',
  cure: 'Find out whether the connector has the records, then run npm run replay, or cancel the export.',
};

const PAUSED: Reason = {
  code: 'CONNECTOR_PAUSED',
  cause: 'The connector was paused by an operator.',
  cure: 'Resume it with npm run replay -- --connector NAME --resume.',
};

/** Why an export waits and when it goes on; undefined while it moves. */
function waitingWords({ row, chunks }: ExportView, connector: ConnectorRow | undefined): string | undefined {
  if (FINAL_EXPORT_STATES.has(row.state)) return undefined;
  const waiting = chunks.filter(({ state }) => state === 'waiting');
  if (waiting.length === 0 || chunks.some(({ state }) => state === 'pushing')) return undefined;
  const due = waiting.map(({ dueAt }) => dueAt ?? '').toSorted()[0] ?? '';
  const reason = waiting.find((chunk) => chunk.reason)?.reason ?? connector?.reason;
  return `waiting until ${due.slice(11, 19)} UTC (${reason ? `${reason.code}: ${reason.cause}` : 'parked'})`;
}
