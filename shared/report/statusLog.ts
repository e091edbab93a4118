import { csvLine } from './spreadsheet.ts';
import type { DayStatus, ExportStatus } from './types.ts';

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

/** The status log of some days: one line an import, `RecordsSaved` as the portal calls what was accepted. */
export function statusCsv(days: readonly DayStatus[]): string {
  const lines = days.flatMap(({ day, connectors, strays }) => [
    ...connectors.flatMap(({ connector, exports }) => exports.map((each) => line(day, connector, each))),
    ...strays.map((each) => line(day, '', each)),
  ]);
  return csvLine(COLUMNS) + lines.join('');
}

/** Mirrors COLUMNS. */
function line(day: string, connector: string, status: ExportStatus): string {
  const { name, exportId, state, arrivedAt, finishedAt = '', seconds, bytes, records, accepted } = status;
  const { quarantined, failed, toDo, possiblyDuplicated, requests, retries, reasons } = status;
  return csvLine(
    Array.of<string | number>(day, connector, name, exportId, state, arrivedAt, finishedAt)
      .concat([Math.round(seconds), bytes, records, accepted, quarantined, failed, toDo])
      .concat([possiblyDuplicated, requests, retries])
      .concat(reasons.map(({ code }) => code).join(' ')),
  );
}
