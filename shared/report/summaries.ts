import type { TableRow, TableStore } from '../storage/tables.ts';
import { addDays, type Day } from './days.ts';
import { daysOf, put } from './marks.ts';
import type { ConnectorStatus, DayStatus } from './types.ts';

/** A connector's day in a few figures, kept in the ledger beside its exports. */
export type DaySummary = {
  readonly day: Day;
  readonly exports: number;
  readonly records: number;
  readonly accepted: number;
  readonly quarantined: number;
  readonly failed: number;
  readonly possiblyDuplicated: number;
  readonly missing: boolean;
};

/** The figures of a connector's day. */
export function summaryOf(day: Day, status: ConnectorStatus): DaySummary {
  const { records, accepted, quarantined, failed, possiblyDuplicated, missing, exports } = status;
  return {
    day,
    exports: exports.length,
    records,
    accepted,
    quarantined,
    failed,
    possiblyDuplicated,
    missing,
  };
}

/** Keep the figures of a day, over those of an earlier look at it. */
export async function keepSummaries(marks: TableStore, { day, connectors }: DayStatus): Promise<void> {
  for (const status of connectors) {
    const row: TableRow = {
      partitionKey: daysOf(status.connector),
      rowKey: day,
      ...summaryOf(day, status),
    };
    await put(marks, row);
  }
}

/** Kept figures of a connector's days from `from` to `to`, both included; days of which none are kept are left out. */
export async function summariesBetween(
  marks: TableStore,
  connector: string,
  from: Day,
  to: Day,
): Promise<DaySummary[]> {
  const summaries: DaySummary[] = [];
  const range = { partitionKey: daysOf(connector), from, to: addDays(to, 1) };
  for await (const { row } of marks.list(range)) summaries.push(fromRow(row));
  return summaries;
}

function fromRow(row: TableRow): DaySummary {
  const number = (name: string): number => Number(row[name] ?? 0);
  return {
    day: row.rowKey,
    exports: number('exports'),
    records: number('records'),
    accepted: number('accepted'),
    quarantined: number('quarantined'),
    failed: number('failed'),
    possiblyDuplicated: number('possiblyDuplicated'),
    missing: row['missing'] === true,
  };
}
