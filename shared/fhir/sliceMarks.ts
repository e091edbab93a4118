import { ConflictError } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';
import type { SliceCounts } from './slice.ts';
import type { Slice } from './watermark.ts';

const PARTITION = 'fhirSlices';

/** What a slice held, as kept in the table `marks`: numbers and codes, never a value. */
export type SliceMark = {
  /** Key of the FHIR service. */
  readonly key: string;
  readonly slice: Slice;
  /** Number of the slice within its hour, from 1. */
  readonly number: number;
  readonly counts: SliceCounts;
};

/** Keeps the figures of a slice, replacing those of a try that broke off. */
export async function writeSliceMark(
  table: TableStore,
  { key, slice, number, counts }: SliceMark,
): Promise<void> {
  const hour = new Date(slice.hour).toISOString().slice(0, 16);
  const row = {
    partitionKey: PARTITION,
    rowKey: `${hour}-${key}-${String(number).padStart(4, '0')}`,
    hour,
    start: slice.start,
    end: slice.end,
    counts: JSON.stringify(counts),
  };
  const stored = await table.get(PARTITION, row.rowKey);
  try {
    if (stored === undefined) await table.insert(row);
    else await table.replace(row, stored.etag);
  } catch (error) {
    // Another run took over; it keeps its own figures, and the watermark ends this one.
    if (!(error instanceof ConflictError)) throw error;
  }
}

/** The figures of slices of hours in [from, to), both as `2026-11-21T13`, in order. */
export async function* listSliceMarks(
  table: TableStore,
  from: string,
  to: string,
): AsyncGenerator<SliceMark> {
  for await (const { row } of table.list({ partitionKey: PARTITION, from, to })) {
    const [, key = '', number = ''] = /-([\da-f]{8})-(\d+)$/.exec(row.rowKey) ?? [];
    const hour = Date.parse(`${String(row['hour'])}Z`);
    const slice = { hour, start: Number(row['start']), end: Number(row['end']), tail: false };
    yield { key, slice, number: Number(number), counts: JSON.parse(String(row['counts'])) as SliceCounts };
  }
}
