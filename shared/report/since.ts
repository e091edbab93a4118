import { ConflictError } from '../errors.ts';
import type { TableStore } from '../storage/tables.ts';
import type { Day } from './days.ts';
import { read, SINCE } from './marks.ts';

/** The day on which the status was first looked at. Before it nothing can be missing: nothing was set up. */
export async function watchedSince(marks: TableStore, today: Day): Promise<Day> {
  const stored = await read(marks, SINCE);
  if (typeof stored?.row['day'] === 'string') return stored.row['day'];
  try {
    await marks.insert({ ...SINCE, day: today });
    return today;
  } catch (error) {
    if (error instanceof ConflictError) return watchedSince(marks, today);
    throw error;
  }
}
