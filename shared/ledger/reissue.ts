import type { ChunkRow, ConnectorRow, ExportRow } from './model.ts';

/** How patient the sweep is with messages under way. Times in ms. */
export type IssueSettings = {
  readonly graceMs: number;
  readonly issueGraceMs: number;
  readonly maxIssueGraceMs: number;
};

const at = (iso: string | undefined): number => (iso === undefined || iso === '' ? 0 : Date.parse(iso));

/**
 * Whether a chunk needs a further message at `now` (UTC ms): a queue cannot be asked what it holds, so the ledger's own times
 * decide. A message too many is harmless, the claim settles it; one too few would be a chunk that stands still.
 */
export function isDue(
  chunk: ChunkRow,
  { stateAt }: Pick<ExportRow, 'stateAt'>,
  connector: ConnectorRow | undefined,
  now: number,
  settings: IssueSettings,
): boolean {
  const { graceMs, issueGraceMs, maxIssueGraceMs } = settings;
  const patience = Math.min(issueGraceMs * 2 ** Math.min(chunk.issues, 30), maxIssueGraceMs);
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
