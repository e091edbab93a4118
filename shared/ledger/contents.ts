import { ConflictError, type Reason } from '../errors.ts';
import type { StoredRow, TableStore } from '../storage/tables.ts';
import { readExport, type ExportKeys } from './exports.ts';
import { mayHaveArrived } from './mayHaveArrived.ts';
import type { ExportRow, ExportState } from './model.ts';

type ContentTables = {
  readonly contents: Pick<TableStore, 'get' | 'insert' | 'replace'>;
  readonly exports: Pick<TableStore, 'get'>;
  readonly chunks: Pick<TableStore, 'list'>;
};

/**
 * Claim a content for an export, so that the same records are not sent twice under another name. An export that ended before the
 * service can have had a record of it gives its claim up; one that is sent `again` on purpose takes it over.
 * @returns id of the export that has the content, undefined when the claim is this export's
 */
export async function claimContent(
  tables: ContentTables,
  { connectorKey, exportId, again }: ExportKeys & Pick<ExportRow, 'again'>,
  contentHash: string,
): Promise<string | undefined> {
  const claim = { partitionKey: connectorKey, rowKey: contentHash, exportId };
  for (;;) {
    const found = await tables.contents.get(connectorKey, contentHash);
    const holder = again ? undefined : await otherHolder(tables, { connectorKey, exportId }, found);
    if (holder !== undefined) return holder;
    try {
      // One's own is written too: whoever found it given up a moment before takes it no more.
      await (found ? tables.contents.replace(claim, found.etag) : tables.contents.insert(claim));
      return undefined;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

/** Id of another export that has a content and has not given it up; undefined when {@link claimContent} would succeed now. */
export async function contentHolder(
  tables: ContentTables,
  keys: ExportKeys,
  contentHash: string,
): Promise<string | undefined> {
  return otherHolder(tables, keys, await tables.contents.get(keys.connectorKey, contentHash));
}

async function otherHolder(
  tables: ContentTables,
  { connectorKey, exportId }: ExportKeys,
  claim: StoredRow | undefined,
): Promise<string | undefined> {
  const holder = String(claim?.row['exportId'] ?? exportId);
  if (holder === exportId) return undefined;
  const other = await readExport(tables.exports, { connectorKey, exportId: holder });
  return other === undefined || (await gaveUp(tables, other.row)) ? undefined : holder;
}

async function gaveUp({ chunks }: ContentTables, { state, accepted, exportId }: ExportRow): Promise<boolean> {
  if (state === 'rejected' || state === 'duplicate') return true;
  return FELL_SHORT.has(state) && accepted === 0 && !(await mayHaveArrived(chunks, exportId));
}

/** States of exports that ended without all of their records sent. */
const FELL_SHORT: ReadonlySet<ExportState> = new Set(['cancelled', 'failed', 'sourceLost']);

/**
 * Why nothing of a duplicate was sent. Made when it is shown and not kept: whether names may be shown can change, and what became of
 * the other export too.
 *
 * @param id of the export that has the content
 * @param original that export, as far as it is known
 * @param showName whether its name may be shown
 */
export function duplicateReason(
  id: string,
  original: Pick<ExportRow, 'blobName' | 'state'> | undefined,
  showName: boolean,
): Reason {
  const named = original !== undefined && showName ? `${original.blobName} (${id})` : id;
  if (original !== undefined && FELL_SHORT.has(original.state)) {
    return {
      code: 'DUPLICATE',
      cause: `The same content came before as export ${named}, which ended ${original.state} before all of it was delivered; nothing of this one was sent.`,
      cure: 'Replay that export: only what is missing is sent. Where that cannot be (its file is gone, the mapping was corrected since), upload this one with the metadata again=true: all of it is sent.',
    };
  }
  return {
    code: 'DUPLICATE',
    cause: `The same content was already sent as export ${named}, so nothing was sent.`,
    cure: "If today's export should differ, ask whoever runs the EHR job; to send it all the same, upload it with the metadata again=true.",
  };
}
