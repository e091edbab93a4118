import { formatReason, type Reason } from '../../shared/errors.ts';
import { FINAL_EXPORT_STATES } from '../../shared/ledger/model.ts';
import { sumTallies } from '../../shared/ledger/sums.ts';
import type { ExportView } from './ledgerView.ts';
import { tableOf } from './table.ts';

/** One entry of `exports` in `--json`; field names are a promise to scripts. */
export type ExportResult = {
  readonly name: string;
  readonly state: string;
  readonly records: number;
  readonly accepted: number;
  readonly quarantined: number;
  readonly failed: number;
  readonly possiblyDuplicated: number;
  readonly chunks: number;
  /** Code, HTTP status where there is one (in the code or behind it), cause and cure, one string each. */
  readonly reasons: readonly string[];
  /** From `received` to the final state, by the ledger. */
  readonly seconds: number;
};

/** The object on the last line of standard output with `--json`. */
export type RunResult = {
  readonly exports: readonly ExportResult[];
  readonly seconds: number;
  /** Highest resident memory of the process that runs the functions, MiB. */
  readonly peakRssMb: number;
};

/**
 * How an export ended, or how far it came: then its figures are those of its chunks. A rejected one counts no records.
 *
 * @param extra why it goes no further, when it has not ended
 */
export function resultOf(
  name: string,
  { row, chunks }: ExportView,
  extra: readonly Reason[] = [],
): ExportResult {
  const { state, receivedAt, finishedAt } = row;
  const ended = FINAL_EXPORT_STATES.has(state);
  const sums = sumTallies(state === 'rejected' ? [] : ended ? [row] : chunks);
  const waiting = chunks.flatMap(({ reason }) => reason ?? []);
  const reasons = [...row.reasons, ...(ended ? [] : [...waiting, ...extra])];
  return {
    name,
    state,
    records: state === 'rejected' ? 0 : row.records,
    accepted: sums.accepted,
    quarantined: sums.quarantined,
    failed: sums.failed,
    possiblyDuplicated: sums.possiblyDuplicated,
    chunks: state === 'rejected' ? 0 : row.chunks,
    reasons: [...new Set(reasons.map(formatReason))],
    seconds: finishedAt ? (Date.parse(finishedAt) - Date.parse(receivedAt)) / 1000 : 0,
  };
}

const NOTHING = {
  records: 0,
  accepted: 0,
  quarantined: 0,
  failed: 0,
  possiblyDuplicated: 0,
  chunks: 0,
  seconds: 0,
};

/** An export of which nothing was uploaded. */
export const refusedResult = (name: string, reason: Reason): ExportResult => ({
  name,
  state: 'rejected',
  ...NOTHING,
  reasons: [formatReason(reason)],
});

/** An export that the functions had not met yet when the run ended. */
export const unheardResult = (
  name: string,
  state: 'uploaded' | 'notUploaded',
  reasons: readonly Reason[],
): ExportResult => ({
  name,
  state,
  ...NOTHING,
  reasons: reasons.map(formatReason),
});

/**
 * 0 when every export completed or is a duplicate; 2 when one was rejected or records were refused; 1 on any other ending.
 * 1 beats 2.
 */
export function exitCodeOf(results: readonly ExportResult[]): 0 | 1 | 2 {
  const codes = results.map(({ state, quarantined }) => {
    if (state === 'rejected' || state === 'completedWithRefusals') return 2;
    if (state === 'duplicate') return 0;
    if (state !== 'completed') return 1;
    return quarantined > 0 ? 2 : 0;
  });
  return codes.includes(1) ? 1 : codes.includes(2) ? 2 : 0;
}

const FIGURES = ['records', 'accepted', 'quarantined', 'failed', 'possibly duplicated', 'chunks', 'seconds'];

/** The table a terminal shows at the end. */
export function summaryTable(results: readonly ExportResult[]): string {
  const rows = results.map((result) => {
    const { name, state, records, accepted, quarantined, failed, possiblyDuplicated, chunks, seconds } =
      result;
    const counts = [records, accepted, quarantined, failed, possiblyDuplicated, chunks];
    return [name, state, ...counts.map((value) => value.toLocaleString('en-US')), seconds.toFixed(1)];
  });
  return tableOf(['export', 'state', ...FIGURES.map((figures) => ({ figures }))], rows);
}
