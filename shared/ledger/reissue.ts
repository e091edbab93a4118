import type { ChunkRow, ConnectorRow, ExportRow } from './model.ts';

/**
 * A message may wait in the queue for so many graces before it is taken for lost, twice as many after each further message,
 * up to the second number: by default 10 min to 1 h.
 */
const PATIENCE = 5;
const MAX_PATIENCE = 30;

const at = (iso: string | undefined): number => (iso === undefined || iso === '' ? 0 : Date.parse(iso));

/**
 * Whether a chunk needs a further message at `now` (UTC ms): a queue cannot be asked what it holds, so the ledger's own times
 * decide. A message too many is harmless, the claim settles it; one too few would be a chunk that stands still.
 * @param graceMs how long a message or a claim that is due is left to itself
 */
export function isDue(
  chunk: ChunkRow,
  { stateAt }: Pick<ExportRow, 'stateAt'>,
  connector: ConnectorRow | undefined,
  now: number,
  graceMs: number,
): boolean {
  const patience = graceMs * Math.min(PATIENCE * 2 ** Math.min(chunk.issues, 30), MAX_PATIENCE);
  // The split does not note its message in each chunk: the export went to `queued` just before.
  const issuedAt = at(chunk.issuedAt) || at(stateAt);
  const waitedFor = (since: number): boolean =>
    now > since + graceMs && (issuedAt <= since + graceMs || now > issuedAt + patience);
  if (chunk.state === 'pending') return now > issuedAt + patience;
  // One message soon after the claim lapsed or the time came; then patience, for that message may have to queue.
  if (chunk.state === 'pushing') return waitedFor(at(chunk.claimUntil));
  if (chunk.state !== 'waiting' || connector?.paused === true) return false;
  const parkedAt = at(chunk.stateAt);
  return waitedFor(isWell(connector, parkedAt) ? parkedAt : at(chunk.dueAt));
}

/** Whether a connector took records since `parkedAt`: what was parked for its sake need not wait any longer. */
const isWell = (connector: ConnectorRow | undefined, parkedAt: number): boolean =>
  connector !== undefined && connector.circuit === 'closed' && at(connector.lastAcceptedAt) > parkedAt;
