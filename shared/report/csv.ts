import type { DayStatus } from './types.ts';

const COLUMNS = [
  'Day',
  'Connector',
  'Export',
  'Export Id',
  'State',
  'Arrived',
  'Finished',
  'Seconds',
  'Bytes',
  'Records',
  'RecordsSaved',
  'Quarantined',
  'Failed',
  'ToDo',
  'PossiblyDuplicated',
  'Requests',
  'Retries',
  'Reasons',
] as const;

/**
 * A value as one field of a CSV that a spreadsheet may open: what a spreadsheet would take for a formula gets an apostrophe in
 * front (OWASP, CSV injection), and is quoted where CSV wants it.
 */
export function spreadsheetField(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The status log: one line an import, `RecordsSaved` as the portal calls what was accepted. */
export function statusCsv({ day, connectors, strays }: DayStatus): string {
  const rows = [
    ...connectors.flatMap(({ connector, exports }) => exports.map((each) => ({ connector, each }))),
    ...strays.map((each) => ({ connector: '', each })),
  ].map(({ connector, each }) =>
    // Mirrors COLUMNS.
    [day, connector, each.name, each.exportId, each.state, each.arrivedAt, each.finishedAt ?? '']
      .concat(
        [Math.round(each.seconds), each.bytes, each.records, each.accepted, each.quarantined].map(String),
      )
      .concat([each.failed, each.toDo, each.possiblyDuplicated, each.requests, each.retries].map(String))
      .concat(each.reasons.map(({ code }) => code).join(' ')),
  );
  return [COLUMNS, ...rows].map((row) => `${row.map(spreadsheetField).join(',')}\r\n`).join('');
}
