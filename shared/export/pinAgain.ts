import { SourceLostError, type Reason } from '../errors.ts';
import { claimContent } from '../ledger/contents.ts';
import { changeExport } from '../ledger/exports.ts';
import type { ExportRow } from '../ledger/model.ts';
import { SENT_BY_ANOTHER } from '../ledger/reasons.ts';
import type { TableStore } from '../storage/tables.ts';
import { closeExport, type CompleteServices } from './complete.ts';
import { pinExport } from './pin.ts';
import type { SplitServices } from './services.ts';

type PinAgainServices = Pick<SplitServices, 'blobs' | 'settings' | 'rulesOf' | 'newOwner'> &
  CompleteServices & { readonly tables: { readonly contents: TableStore } };

/** The export, ready to be pushed; or why it cannot be, and has ended for. Neither when it ended meanwhile for another reason. */
export type PinnedAgain = { readonly ready?: ExportRow; readonly refused?: Reason };

/**
 * Make an export ready that a replay has opened again: it is `pushing` and has no source until then. Its content is claimed first,
 * since it may have given it up when it ended. Several may do so at once; one pin is kept.
 */
export async function pinAgain(opened: ExportRow, services: PinAgainServices): Promise<PinnedAgain> {
  const { tables, blobs } = services;
  const isOpening = ({ state, source, closing, replays }: ExportRow): boolean =>
    state === 'pushing' && source === undefined && closing === undefined && replays === opened.replays;
  const refuse = async (closing: 'cancelled' | 'sourceLost', refused: Reason): Promise<PinnedAgain> => {
    await closeExport(opened, closing, refused, services, isOpening);
    return { refused };
  };

  const { contentHash } = opened;
  const claim = { ...opened, again: false };
  if (contentHash !== undefined && (await claimContent(tables, claim, contentHash)) !== undefined)
    return refuse('cancelled', SENT_BY_ANOTHER);

  let source;
  try {
    const rules = await services.rulesOf(opened.connector);
    source = await pinExport(opened, services, rules?.mapping.encoding);
  } catch (error) {
    if (!(error instanceof SourceLostError)) throw error;
    return refuse('sourceLost', error.reason);
  }
  let kept = false;
  const pinned = await changeExport(tables.exports, opened, (current) => {
    kept = isOpening(current);
    return kept ? { ...current, source } : undefined;
  });
  if (!kept) await blobs.remove(source);
  const row = pinned?.row;
  const isReady = row?.state === 'pushing' && row.source !== undefined && row.closing === undefined;
  return isReady ? { ready: row } : {};
}
