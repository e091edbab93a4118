import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import { dropArrival } from '../ledger/arrivals.ts';
import { removeChunks } from '../ledger/chunks.ts';
import { readExport, type ExportKeys } from '../ledger/exports.ts';
import { CONTAINERS } from '../ledger/model.ts';
import type { Log } from '../log.ts';
import type { BlobStore } from '../storage/blobs.ts';
import type { TableStore } from '../storage/tables.ts';
import { arrivedOn, collectDay, type ReportSettings, type ReportTables } from './collect.ts';
import { addDays, addMonths, dayOf } from './days.ts';
import { daysOf, FORGOTTEN, missingAlert, put, read, revisionOf, type MarkKeys } from './marks.ts';
import { keepMonth, monthOf, monthSummaries, type Month } from './months.ts';
import { watchedSince } from './since.ts';
import type { DayStatus } from './types.ts';

/** A backlog that was there before the first report is at most this old, months. */
const OLDEST_BACKLOG_MONTHS = 12;

export type RetentionServices = {
  readonly tables: ReportTables & { readonly contents: TableStore };
  readonly blobs: Pick<BlobStore, 'facts'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: ReportSettings;
  /** How long the ledger keeps finished exports, days. A month goes as a whole, once its last day is older. */
  readonly retentionDays: number;
};

/** The newest month whose exports are forgotten; '' while there is none. */
export async function lastForgotten(marks: Pick<TableStore, 'get'>): Promise<Month> {
  const stored = await read(marks, FORGOTTEN);
  return typeof stored?.row['month'] === 'string' ? stored.row['month'] : '';
}

/**
 * Forget the exports of every month that is older than the retention: sums stay, rows go. A month with an export that has not
 * ended waits, and all later ones with it. Cut off half-way it goes on in the next run.
 *
 * An export whose blob still lies in the container is kept: without its row the sweep would take it for a new one.
 * @returns months that were forgotten in this run
 */
export async function forgetOldMonths(services: RetentionServices): Promise<Month[]> {
  const { tables, clock, log, settings, retentionDays } = services;
  const today = dayOf(clock.now(), settings.timeZone);
  const firstKept = monthOf(addDays(today, -retentionDays));
  const last = await lastForgotten(tables.marks);
  const since = monthOf(await watchedSince(tables.marks, today));
  const forgotten: Month[] = [];
  let month = last === '' ? addMonths(since, -OLDEST_BACKLOG_MONTHS) : addMonths(last, 1);
  for (; month < firstKept; month = addMonths(month, 1)) {
    const days = await collectMonth(month, services);
    if (days.some(({ final }) => !final)) break;
    const kept = monthSummaries(month, days).filter((each) => each.exports + each.missingDays > 0);
    for (const summary of kept) await keepMonth(tables.marks, summary);
    let count = 0;
    for (const day of days) count += await forgetDay(day, services);
    await put(tables.marks, { ...FORGOTTEN, month });
    log.info('history.forgotten', { state: month, count });
    forgotten.push(month);
  }
  return forgotten;
}

async function collectMonth(
  month: Month,
  { tables, settings, clock }: RetentionServices,
): Promise<DayStatus[]> {
  const days: DayStatus[] = [];
  for (let day = `${month}-01`; monthOf(day) === month; day = addDays(day, 1)) {
    days.push(await collectDay(day, tables, settings, clock.now()));
  }
  return days;
}

/** @returns number of exports whose rows are gone */
async function forgetDay({ day, connectors }: DayStatus, services: RetentionServices): Promise<number> {
  const { tables, settings } = services;
  let count = 0;
  for (const connector of [...connectors.map((each) => each.connector), '']) {
    for (const row of await arrivedOn(day, connector, tables, settings.timeZone))
      if (await forgetExport(row, services)) count += 1;
    await removeRow(tables.marks, { partitionKey: daysOf(connector), rowKey: day });
    await removeRow(tables.marks, missingAlert(day, connector));
  }
  await removeRow(tables.marks, revisionOf(day));
  return count;
}

/** Chunks first, the export's own row last: what is cut off half-way is found again by it. */
async function forgetExport(keys: ExportKeys, { tables, blobs }: RetentionServices): Promise<boolean> {
  const stored = await readExport(tables.exports, keys);
  if (stored === undefined) return false;
  const { row, etag } = stored;
  const blob = await blobs.facts({ container: CONTAINERS.exports, name: row.blobName });
  if (blob?.etag === row.blobEtag) return false;
  await removeChunks(tables.chunks, row.exportId);
  if (row.contentHash !== undefined) {
    const claim = await tables.contents.get(row.connectorKey, row.contentHash);
    if (claim?.row['exportId'] === row.exportId)
      await tables.contents.remove(row.connectorKey, row.contentHash, claim.etag);
  }
  await tables.exports.remove(row.connectorKey, row.exportId, etag);
  await dropArrival(tables.marks, row);
  return true;
}

async function removeRow(marks: TableStore, keys: MarkKeys): Promise<void> {
  const stored = await read(marks, keys);
  if (stored === undefined) return;
  await marks.remove(keys.partitionKey, keys.rowKey, stored.etag).catch((error: unknown) => {
    if (!(error instanceof ConflictError)) throw error;
  });
}
