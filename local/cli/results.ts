import { counted } from '../../shared/counted.ts';
import type { Reason } from '../../shared/errors.ts';
import { explained } from './duplicates.ts';
import type { JobExport } from './job.ts';
import type { ExportView } from './ledgerView.ts';
import type { Stack } from './stack.ts';
import { refusedResult, resultOf, unheardResult, type ExportResult } from './summary.ts';
import { heldForGood, isEnded, type Seen } from './watchRun.ts';

/**
 * How each export of a run ended, or how far it came.
 *
 * @param stack undefined when the run broke off before it was up
 * @param stoppedBy why those that have not ended go no further
 */
export async function resultsOf(
  exports: readonly JobExport[],
  seen: Seen,
  stack: Pick<Stack, 'ledger' | 'settings'> | undefined,
  stoppedBy: Reason | undefined,
): Promise<ExportResult[]> {
  const results: ExportResult[] = [];
  for (const { name, refused, followed } of exports) {
    const view = followed && seen.get(followed);
    const why = heldForGood(view) ?? stoppedBy;
    const extra = why ? [why] : [];
    if (refused) results.push(refusedResult(name, refused));
    else if (view && stack) results.push(resultOf(name, await explainedView(view, stack), extra));
    else results.push(unheardResult(name, followed ? 'uploaded' : 'notUploaded', extra));
  }
  return results;
}

async function explainedView(
  view: ExportView,
  stack: Pick<Stack, 'ledger' | 'settings'>,
): Promise<ExportView> {
  return { ...view, row: await explained(view.row, stack) };
}

/** Look once more at exports that have not ended: the functions wrote what they knew when they were stopped. */
export async function lookAgain(
  seen: Seen,
  connector: string,
  ledger: Pick<Stack['ledger'], 'export'>,
): Promise<void> {
  for (const [followed, view] of seen) {
    if (isEnded(view)) continue;
    seen.set(followed, (await ledger.export(connector, view.row.exportId)) ?? view);
  }
}

/** A sentence for each export of an earlier run: how it ended, or that it has not. */
export function earlierWords(seen: Seen): string[] {
  return [...seen]
    .filter(([{ earlier }]) => earlier)
    .map(([{ name }, view]) => {
      const { state, records, accepted, reasons } = resultOf(name, view);
      const figures = `${accepted.toLocaleString('en-US')} of ${counted(records, 'record')} accepted`;
      return [`${name}: ${isEnded(view) ? 'ended' : 'still'} ${state}, ${figures}.`, ...reasons].join(' ');
    });
}
