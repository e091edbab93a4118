import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { counted } from '../../shared/counted.ts';
import type { Reason } from '../../shared/errors.ts';
import {
  FINAL_CHUNK_STATES,
  FINAL_EXPORT_STATES,
  type ConnectorRow,
  type ExportRow,
} from '../../shared/ledger/model.ts';
import { CONNECTOR_PAUSED, UNKNOWN_OUTCOME_HELD } from '../../shared/ledger/reasons.ts';
import { printable } from './console.ts';
import type { ExportView, LedgerView } from './ledgerView.ts';
import type { Progress } from './progress.ts';

/** Looks follow each other after so long, ms, and take at most this share of the time: an export of thousands of chunks is long to read. */
const POLL_MS = 200;
const POLL_SHARE = 0.2;

/** One export whose way is followed; its id is undefined until it is in the container. */
export type Followed = {
  readonly name: string;
  readonly exportId: () => Promise<string | undefined>;
  /** Left unfinished by an earlier run, and not asked for in this one. */
  readonly earlier?: true;
};

/** What the ledger said last of each export that is followed; without those it never heard of. */
export type Seen = Map<Followed, ExportView>;

/**
 * Show the way of exports, and of those that an earlier run left unfinished, until each has ended, or until nothing goes on without
 * a human.
 *
 * @param seen filled with what the ledger says
 * @param signal aborted by Ctrl-C: then it ends at once
 * @returns why it ends before its exports did: the connector is blocked or paused, or held records want a human
 */
export async function followExports(
  exports: readonly Followed[],
  seen: Seen,
  connector: string,
  ledger: Pick<LedgerView, 'connector' | 'export' | 'unfinished'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Reason | undefined> {
  const followed = [...exports, ...(await earlierExports(exports, connector, ledger, progress))];
  while (!signal.aborted) {
    const began = performance.now();
    const row = await ledger.connector(connector);
    for (const each of followed) {
      if (isEnded(seen.get(each))) continue;
      const id = await each.exportId();
      const view = id === undefined ? undefined : await ledger.export(connector, id);
      if (!view) continue;
      seen.set(each, view);
      progress.update(each.name, view, waitingWords(view, row, Date.now()));
    }
    if (followed.every((each) => isSettled(seen.get(each)))) {
      // The functions may have met one since that was uploaded just before its run was interrupted.
      const more = await earlierExports(followed, connector, ledger, progress);
      if (more.length === 0) return exports.map((each) => heldForGood(seen.get(each))).find(Boolean);
      followed.push(...more);
    }
    if (isBlocked(row) && row?.reason) return row.reason;
    if (row?.paused) return CONNECTOR_PAUSED;
    const lookedMs = performance.now() - began;
    await delay(Math.max(POLL_MS, lookedMs / POLL_SHARE), undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** Exports of the connector that have not ended and are not among those known. */
async function earlierExports(
  known: readonly Followed[],
  connector: string,
  ledger: Pick<LedgerView, 'unfinished'>,
  progress: Progress,
): Promise<Followed[]> {
  const unfinished = await ledger.unfinished(connector);
  const ids = new Set(await Promise.all(known.map(({ exportId }) => exportId())));
  const earlier = unfinished.filter(({ exportId }) => !ids.has(exportId)).map(earlierOf);
  for (const { name } of earlier) progress.say(printable(`${name}: goes on.`));
  return earlier;
}

const earlierOf = ({ blobName, exportId }: ExportRow): Followed => ({
  name: `${path.posix.basename(blobName)} (of an earlier run)`,
  exportId: () => Promise.resolve(exportId),
  earlier: true,
});

/** A probe has failed, and the next one lies ahead. */
const isBlocked = (row: ConnectorRow | undefined): boolean =>
  row?.kind === 'blocked' && row.circuit === 'open' && Date.parse(row.until ?? '') > Date.now();

/** Whether an export has come to its end, by the ledger. */
export const isEnded = (view: ExportView | undefined): boolean =>
  view !== undefined && FINAL_EXPORT_STATES.has(view.row.state);

const isSettled = (view: ExportView | undefined): boolean => isEnded(view) || heldForGood(view) !== undefined;

/** Why an export will not go on by itself: some of its chunks are held, and none of the others is still to do. */
export function heldForGood(view: ExportView | undefined): Reason | undefined {
  if (!view || isEnded(view)) return undefined;
  const held = view.chunks.find(({ state }) => state === 'held');
  const moving = view.chunks.some(({ state }) => state !== 'held' && !FINAL_CHUNK_STATES.has(state));
  return held && !moving ? (held.reason ?? UNKNOWN_OUTCOME_HELD) : undefined;
}

/**
 * Why an export, or some of its chunks, wait and when the next of them is tried; undefined while none waits.
 *
 * @param now UTC ms
 */
export function waitingWords(
  view: ExportView,
  connector: ConnectorRow | undefined,
  now: number,
): string | undefined {
  if (isEnded(view)) return undefined;
  const waiting = view.chunks.filter(({ state }) => state === 'waiting');
  if (waiting.length === 0) return undefined;
  const due = waiting.map(({ dueAt }) => dueAt ?? '').toSorted()[0] ?? '';
  const reason = waiting.find((chunk) => chunk.reason)?.reason ?? connector?.reason;
  const moving = view.chunks.some(({ state }) => state === 'pushing');
  const who = moving ? `${view.row.state}, ${counted(waiting.length, 'chunk')} ` : '';
  return `${who}waiting until ${instantWords(due, now)} (${reason ? `${reason.code}: ${reason.cause}` : 'parked'})`;
}

/** `14:03:07 UTC`, with its date when that is not today's. */
function instantWords(instant: string, now: number): string {
  const [date = '', time = ''] = instant.split('T');
  const today = new Date(now).toISOString().startsWith(date);
  return `${today ? '' : `${date} `}${time.slice(0, 8)} UTC`;
}
