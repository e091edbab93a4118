import { changeExport } from '../ledger/exports.ts';
import type { ExportRow } from '../ledger/model.ts';
import { pinExport } from './pin.ts';
import type { SplitServices } from './services.ts';

type PinAgainServices = Pick<SplitServices, 'blobs' | 'settings' | 'rulesOf'> & {
  readonly tables: Pick<SplitServices['tables'], 'exports'>;
};

/**
 * Pin the content of an export that a replay has opened again: it is `pushing` and has no source until then.
 * @returns the export, ready to be pushed; undefined when it has ended meanwhile
 * @throws {SourceLostError} when the blob is no longer the version that was split
 */
export async function pinAgain(row: ExportRow, services: PinAgainServices): Promise<ExportRow | undefined> {
  const rules = await services.rulesOf(row.connector);
  const source = await pinExport(row, services, rules?.mapping.encoding);
  const pinned = await changeExport(services.tables.exports, row, (current) =>
    current.state === 'pushing' && current.source === undefined ? { ...current, source } : undefined,
  );
  return pinned?.row.state === 'pushing' ? pinned.row : undefined;
}
