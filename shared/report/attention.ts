import type { Reason } from '../errors.ts';
import { quarantineFolder } from '../ledger/model.ts';
import { CONNECTOR_PAUSED, UNKNOWN_OUTCOME_HELD } from '../ledger/reasons.ts';
import type { Attention, ConnectorStatus, ExportStatus } from './types.ts';
import { missingWords, number, time } from './words.ts';

/** States that want a human, and how urgently. */
const LEVELS: Readonly<Partial<Record<ExportStatus['state'], Attention['level']>>> = {
  rejected: 'alert',
  failed: 'alert',
  sourceLost: 'alert',
  cancelled: 'warning',
  duplicate: 'warning',
};

/** A reason of one that arrived whole says nothing any more: a cancel that came too late. One without records has a reason all the same. */
const levelOf = ({ state, records }: ExportStatus): Attention['level'] | undefined =>
  state === 'completed' && records === 0 ? 'warning' : LEVELS[state];

/** Ended exports that a replay takes up again. */
const REPLAYABLE: ReadonlySet<ExportStatus['state']> = new Set(['failed', 'cancelled', 'sourceLost']);

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
    ...strays.flatMap(({ name, exportId, reasons }) =>
      reasons.map((reason): Attention => ({ level: 'warning', reason, about: name, exportId })),
    ),
  );
  return items.toSorted((a, b) => Number(b.level === 'alert') - Number(a.level === 'alert'));
}

function connectorItems({ connector, missing, condition, reason, exports }: ConnectorStatus): Attention[] {
  const items: Attention[] = [];
  const command = `npm run replay -- --connector ${connector} --resume`;
  if (condition === 'blocked' && reason)
    items.push({ level: 'alert', reason: blocked(reason), about: connector, command });
  if (condition === 'paused')
    items.push({ level: 'warning', reason: CONNECTOR_PAUSED, about: connector, command });
  if (missing) items.push({ level: 'alert', reason: noExport(exports), about: connector });
  return items;
}

function exportItems(status: ExportStatus, connector: string): Attention[] {
  const { state, name: about, exportId, failed, quarantined, records, chunks } = status;
  const items: Attention[] = [];
  const command = `npm run replay -- --connector ${connector} --export ${exportId}`;
  const level = levelOf(status);
  const [first] = status.reasons;
  if (level !== undefined && first) {
    const again = REPLAYABLE.has(state) && records > 0 ? { command } : {};
    items.push({ level, reason: first, about, exportId, ...again });
  } else if (failed > 0) {
    items.push({ level: 'alert', reason: first ?? FAILED, about, exportId, command });
  }
  if ((chunks.held ?? 0) > 0)
    items.push({ level: 'alert', reason: first ?? UNKNOWN_OUTCOME_HELD, about, exportId, command });
  if ((chunks.waiting ?? 0) > 0)
    items.push({ level: 'warning', reason: waiting(first, status.nextTryAt), about, exportId });
  if (quarantined > 0) items.push({ level: 'warning', reason: refused(status, connector), about, exportId });
  return items;
}

const noExport = (exports: readonly ExportStatus[]): Reason => ({
  code: 'NO_EXPORT_ARRIVED',
  cause: missingWords(exports),
  cure: 'Ask whoever runs the EHR system whether its export job ran, and where it put the file.',
});

const blocked = ({ cure, ...rest }: Reason): Reason => ({
  ...rest,
  cure: `${cure} Then run the command; without it, it goes on at the next probe.`,
});

const FAILED: Reason = {
  code: 'RECORDS_FAILED',
  cause: 'Some records were not delivered and nothing more is tried by itself.',
  cure: 'Send them again with the command shown.',
};

const WAITING: Reason = {
  code: 'WAITING',
  cause: 'Chunks wait for the connector.',
  cure: 'None needed: it goes on by itself.',
};

const waiting = (reason: Reason = WAITING, nextTryAt?: string): Reason => ({
  ...reason,
  cause: `${reason.cause} Next try ${nextTryAt === undefined ? 'soon' : `at ${time(nextTryAt)} UTC`}.`,
});

const refused = (status: ExportStatus, connector: string): Reason => ({
  code: 'RECORDS_QUARANTINED',
  cause: `${number(status.quarantined)} of ${number(status.records)} records lie in quarantine.`,
  cure: `Fetch quarantine/${quarantineFolder({ connector, ...status })}/, correct the records, upload the file to exports/${connector}/.`,
});
