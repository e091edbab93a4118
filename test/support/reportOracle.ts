import { isDeepStrictEqual } from 'node:util';
import { Ajv } from 'ajv';
import { SERVICE_REFUSED } from '../../shared/schema/codes.ts';
import schema from '../../shared/report/status.schema.json' with { type: 'json' };
import type { ConnectorStatus, DayStatus, ExportStatus } from '../../shared/report/types.ts';
import type { IssuedExport } from './issuedExport.ts';

/** What is known of an export without asking the app: the file that was issued, and the bodies that the connector took. */
export type Evidence = {
  readonly id: string;
  readonly issued: IssuedExport;
  /** How often the connector took each record, by its text. */
  readonly times: ReadonlyMap<string, number>;
  /** Records that the connector said it had not saved, of all the bodies it took. */
  readonly gap: number;
  /** No fault can have left an outcome unknown: figures that are bounded otherwise are exact. */
  readonly certain: boolean;
};

/** Requests for all of these exports that the connector saw; `certain` when each that was begun must have reached it. */
export type SeenRequests = { readonly seen: number; readonly certain: boolean };

const keepsToSchema = new Ajv({ strict: true, strictTypes: false }).compile(schema);

/**
 * The numbers of the live status against those computed from the files sent and the bodies received. An export that arrived before
 * the status' day (midnight passed meanwhile) is on another page.
 * @returns what is wrong
 */
export function judgeReport(
  status: DayStatus,
  evidence: readonly Evidence[],
  requests: SeenRequests,
): string[] {
  const wrong = keepsToSchema(status)
    ? []
    : [`the status breaks its schema: ${JSON.stringify(keepsToSchema.errors)}`];
  const shown = new Map(
    status.connectors.flatMap(({ exports }) => exports.map((each) => [each.exportId, each])),
  );
  for (const each of evidence) {
    const found = shown.get(each.id);
    if (found === undefined) wrong.push(`${each.issued.blobName} is not in the status`);
    else wrong.push(...judgeFigures(found, each).map((words) => `${found.name}: ${words}`));
  }
  // A name may have been overwritten meanwhile: then two exports bear it.
  for (const name of new Set(evidence.map(({ issued }) => issued.blobName))) {
    const exports = [...shown.values()].filter((each) => each.name === name);
    wrong.push(...judgeAttention(status, name, exports));
  }
  const counted = evidence.reduce((sum, { id }) => sum + (shown.get(id)?.requests ?? 0), 0);
  if (counted < requests.seen || (requests.certain && counted > requests.seen))
    wrong.push(`${counted} requests, the connector saw ${requests.seen}`);
  return [...wrong, ...status.connectors.flatMap(judgeSums)].map((words) => `status: ${words}`);
}

/** An export of a content that was sent before is shown, and counts for nothing. */
export function judgeDuplicate(status: DayStatus, id: string): string[] {
  const found = status.connectors.flatMap(({ exports }) => exports).find(({ exportId }) => exportId === id);
  if (found === undefined) return ['status: the duplicate is not shown'];
  const { state, records, accepted, quarantined, failed, requests, toDo } = found;
  const counts = [records, accepted, quarantined, failed, requests, toDo];
  return state === 'duplicate' && counts.every((count) => count === 0)
    ? []
    : [`status: the duplicate is ${state} with ${counts.join()}`];
}

/** What an operator is told to look at: what was not delivered, what was set aside, and what was there before. */
function judgeAttention({ attention }: DayStatus, name: string, exports: readonly ExportStatus[]): string[] {
  const told = attention.filter(({ about }) => about === name).map(({ reason }) => reason.code);
  const due = exports.flatMap(({ state, failed, quarantined }) => [
    ...(state === 'duplicate' ? ['DUPLICATE'] : []),
    ...(failed > 0 ? ['COUNT_GAP'] : []),
    ...(quarantined > 0 ? ['RECORDS_QUARANTINED'] : []),
  ]);
  return isDeepStrictEqual(told.toSorted(), due.toSorted())
    ? []
    : [`${name}: attention is ${told.join()}, not ${due.join()}`];
}

function judgeFigures(shown: ExportStatus, { issued, times, gap, certain }: Evidence): string[] {
  const wrong: string[] = [];
  const differs = (what: string, is: unknown, shall: unknown): void => {
    if (!isDeepStrictEqual(is, shall))
      wrong.push(`${what} is ${JSON.stringify(is)}, not ${JSON.stringify(shall)}`);
  };
  const count = (kind: string): number => issued.records.filter((record) => record.kind === kind).length;
  const [invalid, refused] = [count('invalid'), count('refused')];
  const good = issued.records.filter(({ kind }) => kind === 'good');
  const received = good.filter(({ text }) => times.has(text)).length;
  const repeated = good.reduce((sum, { text }) => sum + Math.max(0, (times.get(text) ?? 0) - 1), 0);
  const { failed } = shown;

  differs('name', shown.name, issued.blobName);
  differs('bytes', shown.bytes, issued.content.length);
  differs('records', shown.records, issued.records.length);
  differs('accepted', shown.accepted, received - failed);
  differs('quarantined', shown.quarantined, invalid + refused);
  differs('refusals by code', shown.refusals, {
    ...(invalid > 0 ? { 'MISSING_VALUE Patient City': invalid } : {}),
    ...(refused > 0 ? { [SERVICE_REFUSED]: refused } : {}),
  });
  differs('still to do', shown.toDo, 0);
  const whole = invalid + refused > 0 ? 'completedWithRefusals' : 'completed';
  differs('state', shown.state, failed > 0 ? 'failed' : whole);
  if (failed > gap || (certain && failed < gap)) wrong.push(`${failed} failed, a gap of ${gap}`);
  if (shown.possiblyDuplicated < repeated || (certain && shown.possiblyDuplicated > 0))
    wrong.push(`${shown.possiblyDuplicated} possibly duplicated, ${repeated} were repeated`);
  if (failed === 0) differs('chunks', shown.strip, 'd'.repeat(shown.strip.length));
  return wrong;
}

const SUMS = [
  'records',
  'accepted',
  'quarantined',
  'failed',
  'possiblyDuplicated',
  'requests',
  'retries',
  'toDo',
] as const;

/** A connector's figures are those of its exports together. */
function judgeSums(status: ConnectorStatus): string[] {
  return SUMS.flatMap((figure) => {
    const sum = status.exports.reduce((total, each) => total + each[figure], 0);
    return sum === status[figure]
      ? []
      : [`${status.connector}: ${figure} is ${status[figure]}, its exports have ${sum}`];
  });
}
