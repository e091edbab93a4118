import type { Reason } from '../errors.ts';
import type { Attention, ConnectorStatus, ExportStatus } from './types.ts';
import { number, time } from './words.ts';

/** States that want a human, and how urgently. */
const LEVELS: Readonly<Partial<Record<ExportStatus['state'], Attention['level']>>> = {
  rejected: 'alert',
  failed: 'alert',
  sourceLost: 'alert',
  cancelled: 'warning',
  duplicate: 'warning',
};

/** What an operator should look at on a day, most urgent first: what stops everything, what is missing, what is incomplete. */
export function attentionOf(
  connectors: readonly ConnectorStatus[],
  strays: readonly ExportStatus[],
): Attention[] {
  const items = connectors.flatMap((status) => [
    ...connectorItems(status),
    ...status.exports.flatMap((each) => exportItems(each, status.connector)),
  ]);
  items.push(
    ...strays.flatMap((each) =>
      each.reasons.map((reason): Attention => ({ level: 'warning', reason, about: each.name })),
    ),
  );
  return items.toSorted((a, b) => Number(b.level === 'alert') - Number(a.level === 'alert'));
}

function connectorItems({ connector, missing, condition, reason }: ConnectorStatus): Attention[] {
  const items: Attention[] = [];
  if (condition === 'blocked' && reason) items.push({ level: 'alert', reason, about: connector });
  if (condition === 'paused') {
    items.push({
      level: 'warning',
      reason: PAUSED,
      about: connector,
      command: `npm run replay -- --connector ${connector} --resume`,
    });
  }
  if (missing) items.push({ level: 'alert', reason: MISSING, about: connector });
  return items;
}

function exportItems(status: ExportStatus, connector: string): Attention[] {
  const { state, name, exportId, failed, quarantined, records, chunks, nextTryAt } = status;
  const items: Attention[] = [];
  const replay = `npm run replay -- --connector ${connector} --export ${exportId}`;
  const level = LEVELS[state];
  const [first] = status.reasons;
  if (level !== undefined && first) {
    items.push({ level, reason: first, about: name, ...(state === 'failed' ? { command: replay } : {}) });
  } else if (failed > 0) {
    items.push({ level: 'alert', reason: first ?? FAILED, about: name, command: replay });
  }
  if ((chunks.held ?? 0) > 0)
    items.push({ level: 'alert', reason: first ?? HELD, about: name, command: replay });
  if ((chunks.waiting ?? 0) > 0)
    items.push({ level: 'warning', reason: waiting(first, nextTryAt), about: name });
  if (quarantined > 0) items.push({ level: 'warning', reason: refused(quarantined, records), about: name });
  return items;
}

const MISSING: Reason = {
  code: 'NO_EXPORT_ARRIVED',
  cause: 'No export arrived.',
  cure: 'Ask whoever runs the EHR system whether its export job ran, and where it put the file.',
};

const PAUSED: Reason = {
  code: 'CONNECTOR_PAUSED',
  cause: 'An operator paused the connector.',
  cure: 'Resume it when the reason is gone.',
};

const FAILED: Reason = {
  code: 'RECORDS_FAILED',
  cause: 'Some records were not delivered and nothing more is tried by itself.',
  cure: 'Send them again with the command shown.',
};

const HELD: Reason = {
  code: 'UNKNOWN_OUTCOME_HELD',
  cause: 'Batches without a usable answer are held for a human.',
  cure: 'Find out whether the connector has their records; then replay the export, or cancel it.',
};

const waiting = (reason: Reason | undefined, nextTryAt: string | undefined): Reason => ({
  code: reason?.code ?? 'WAITING',
  ...(reason?.status === undefined ? {} : { status: reason.status }),
  cause: `${reason?.cause ?? 'Chunks wait for the connector.'} Next try ${nextTryAt === undefined ? 'soon' : `at ${time(nextTryAt)} UTC`}.`,
  cure: reason?.cure ?? 'None needed: it goes on by itself.',
});

const refused = (count: number, records: number): Reason => ({
  code: 'RECORDS_QUARANTINED',
  cause: `${number(count)} of ${number(records)} records were refused and lie in quarantine.`,
  cure: 'Correct them there and drop the file back into the exports container.',
});
