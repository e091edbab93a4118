import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import { CONTAINERS } from '../ledger/model.ts';
import type { BlobStore } from '../storage/blobs.ts';
import { collectDay, type ReportSettings, type ReportTables } from './collect.ts';
import { statusCsv } from './statusLog.ts';
import { addDays, dayOf, type Day } from './days.ts';
import { put, read, revisionOf } from './marks.ts';
import { GLANCE_DAYS, statusPage } from './page.ts';
import { keepSummaries, summariesBetween, summaryOf, type DaySummary } from './summaries.ts';
import type { DayStatus } from './types.ts';

/** Metadata of a report: when the ledger was looked at for it, ISO 8601 UTC. */
const LOOKED_AT = 'lookedat';

export type StatusServices = {
  readonly tables: ReportTables;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly settings: ReportSettings;
};

/**
 * Today and yesterday with the last days of each connector: what the live page and `latest` show.
 *
 * @param known statuses collected a moment ago, which need not be collected again
 */
export async function collectLatest(
  { tables, clock, settings }: StatusServices,
  known: readonly DayStatus[] = [],
): Promise<{
  readonly days: readonly DayStatus[];
  readonly history: Readonly<Record<string, readonly DaySummary[]>>;
}> {
  const now = clock.now();
  const today = dayOf(now, settings.timeZone);
  const days: DayStatus[] = [];
  for (const day of [today, addDays(today, -1)])
    days.push(known.find((each) => each.day === day) ?? (await collectDay(day, tables, settings, now)));
  return { days, history: await glance(tables, days) };
}

/**
 * Write a day's status as `status/YYYY/MM/DD.{html,json,csv}`, and once more under a number of its own
 * (`status-archive/YYYY/MM/DD.rN.*`, written once and never again) when anything but the time of writing has changed.
 * Repeating it, or running it twice at once, leaves the same report or a newer one.
 *
 * @returns the status that was written, and names of the blobs
 */
export async function writeDay(
  day: Day,
  services: StatusServices,
): Promise<{ status: DayStatus; names: string[] }> {
  const { tables, settings, clock } = services;
  const status = await collectDay(day, tables, settings, clock.now());
  await keepSummaries(tables.marks, status);
  const files = await render([status], tables);
  const base = day.replaceAll('-', '/');
  const digest = createHash('sha256')
    .update(JSON.stringify({ ...status, writtenAt: '' }))
    .digest('hex');
  const known = await read(tables.marks, revisionOf(day));
  if (known?.row['digest'] !== digest) {
    const revision = await writeRevision(
      base,
      Number(known?.row['revision'] ?? 0) + 1,
      files,
      services.blobs,
    );
    await put(tables.marks, { ...revisionOf(day), revision, digest, final: status.final });
  }
  return { status, names: await writeFiles(base, files, status.writtenAt, services.blobs) };
}

/** Write `status/latest.*`: today so far and yesterday; see {@link collectLatest}. @returns names of the blobs */
export async function writeLatest(
  services: StatusServices,
  known: readonly DayStatus[] = [],
): Promise<string[]> {
  const { days, history } = await collectLatest(services, known);
  return writeFiles('latest', toFiles(days, history), days[0]?.writtenAt ?? '', services.blobs);
}

type StatusFiles = Readonly<Record<'html' | 'json' | 'csv', string>>;

const CONTENT_TYPES = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
} as const;

async function render(days: readonly DayStatus[], tables: ReportTables): Promise<StatusFiles> {
  return toFiles(days, await glance(tables, days));
}

function toFiles(
  days: readonly DayStatus[],
  history: Readonly<Record<string, readonly DaySummary[]>>,
): StatusFiles {
  const [first] = days;
  return {
    html: statusPage({ days, history }),
    json: `${JSON.stringify(first, undefined, 2)}\n`,
    csv: statusCsv(days.slice(0, 1)),
  };
}

/** The last days of each connector up to the newest one given, whose figures replace what was kept of it. */
async function glance(
  tables: ReportTables,
  days: readonly DayStatus[],
): Promise<Record<string, DaySummary[]>> {
  const [newest] = days;
  const history: Record<string, DaySummary[]> = {};
  for (const { connector } of newest?.connectors ?? []) {
    const to = newest?.day ?? '';
    const kept = await summariesBetween(tables.marks, connector, addDays(to, 1 - GLANCE_DAYS), to);
    const byDay = new Map(kept.map((summary) => [summary.day, summary]));
    for (const { day, connectors } of days) {
      const status = connectors.find((each) => each.connector === connector);
      if (status) byDay.set(day, summaryOf(day, status));
    }
    history[connector] = [...byDay.values()].toSorted((a, b) => a.day.localeCompare(b.day));
  }
  return history;
}

/** What was written from a later look at the ledger stays: of two runs at once the slower one must not win. */
async function writeFiles(
  base: string,
  files: StatusFiles,
  lookedAt: string,
  blobs: BlobStore,
): Promise<string[]> {
  const names: string[] = [];
  for (const kind of ['csv', 'json', 'html'] as const) {
    const address = { container: CONTAINERS.status, name: `${base}.${kind}` };
    names.push(address.name);
    const there = await blobs.facts(address);
    if ((there?.metadata[LOOKED_AT] ?? '') > lookedAt) continue;
    await blobs.write(address, Buffer.from(files[kind]), {
      contentType: CONTENT_TYPES[kind],
      metadata: { [LOOKED_AT]: lookedAt },
    });
  }
  return names;
}

/** Two writers at once take different numbers; a number half written by a crash is passed over. */
async function writeRevision(
  base: string,
  from: number,
  files: StatusFiles,
  blobs: BlobStore,
): Promise<number> {
  for (let revision = from; ; revision += 1) {
    const name = `${base}.r${String(revision)}`;
    try {
      for (const kind of ['json', 'csv', 'html'] as const) {
        await blobs.write(
          { container: CONTAINERS.archive, name: `${name}.${kind}` },
          Buffer.from(files[kind]),
          {
            contentType: CONTENT_TYPES[kind],
            onlyIfAbsent: true,
          },
        );
      }
      return revision;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
