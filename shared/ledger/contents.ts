import { ConflictError, type Reason } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';
import { readExport, type ExportKeys } from './exports.ts';
import type { ExportRow } from './model.ts';

/**
 * Claim a content for an export, so that the same records are not sent twice under another name. An export that ended without a
 * record accepted gives its claim up; one that is sent `again` on purpose takes it over.
 * @returns id of the export that has the content, undefined when the claim is this export's
 */
export async function claimContent(
  tables: {
    readonly contents: Pick<TableStore, 'get' | 'insert' | 'replace'>;
    readonly exports: Pick<TableStore, 'get'>;
  },
  { connectorKey, exportId, again }: ExportKeys & Pick<ExportRow, 'again'>,
  contentHash: string,
): Promise<string | undefined> {
  const claim = { partitionKey: connectorKey, rowKey: contentHash, exportId };
  for (;;) {
    const found = await tables.contents.get(connectorKey, contentHash);
    const holder = String(found?.row['exportId'] ?? '');
    if (holder === exportId) return undefined;
    if (found !== undefined && !again) {
      const other = await readExport(tables.exports, { connectorKey, exportId: holder });
      if (other !== undefined && !gaveUp(other.row)) return holder;
    }
    try {
      await (found ? tables.contents.replace(claim, found.etag) : tables.contents.insert(claim));
      return undefined;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

const gaveUp = ({ state, accepted }: ExportRow): boolean =>
  state === 'rejected' ||
  state === 'duplicate' ||
  (accepted === 0 && ['cancelled', 'failed', 'sourceLost'].includes(state));

/**
 * Why nothing of a duplicate was sent. Made when it is shown and not kept: whether names may be shown can change.
 *
 * @param original id of the export that has the content
 * @param name its name, where it may be shown
 */
export function duplicateReason(original: string, name?: string): Reason {
  return {
    code: 'DUPLICATE',
    cause: `The same content was already sent as export ${name === undefined ? original : `${name} (${original})`}, so nothing was sent.`,
    cure: "If today's export should differ, ask whoever runs the EHR job; to send it all the same, upload it with the metadata again=true.",
  };
}
