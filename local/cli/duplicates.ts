import { readSettings } from '../../shared/config/setting.ts';
import { reportSettings } from '../../shared/config/settings.ts';
import { duplicateReason } from '../../shared/ledger/contents.ts';
import type { ExportRow } from '../../shared/ledger/model.ts';
import type { LedgerView } from './ledgerView.ts';
import type { Stack } from './stack.ts';

/** A duplicate told with the figures of the export that sent its content, and why nothing was sent; any other export as it is. */
export async function explained(
  row: ExportRow,
  {
    ledger,
    settings,
  }: { readonly ledger: Pick<LedgerView, 'exportRow'>; readonly settings: Stack['settings'] },
): Promise<ExportRow> {
  if (row.duplicateOf === undefined) return row;
  const original = await ledger.exportRow(row.connector, row.duplicateOf);
  const { hashBlobNames } = readSettings(reportSettings, settings, []);
  const reason = duplicateReason(row.duplicateOf, original, !hashBlobNames);
  const { records, accepted, quarantined, failed, possiblyDuplicated, chunks } = original ?? row;
  const figures = { records, accepted, quarantined, failed, possiblyDuplicated, chunks };
  return { ...row, ...figures, reasons: [...row.reasons, reason] };
}
