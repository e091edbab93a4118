/** The columns that a quarantine file puts in front of each record as it came; left out again when it is dropped back. */
export const QUARANTINE_COLUMNS: readonly string[] = ['record number', 'line number', 'codes'];

/** Whether a header begins with the columns that only a quarantine file has. */
export function isQuarantineHeader(names: readonly string[]): boolean {
  return QUARANTINE_COLUMNS.every((name, i) => names[i]?.trim().toLowerCase() === name);
}
