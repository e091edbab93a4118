import type { CheckResult } from './checkExport.ts';
import { counted } from '../../shared/counted.ts';
import { printable } from './console.ts';
import { tableOf } from './table.ts';

const DELIMITERS: Readonly<Record<string, string>> = {
  ',': 'comma',
  '|': 'pipe',
  '\t': 'tab',
  ';': 'semicolon',
};
/** What the estimate assumes; the connector's latency decides, and nobody publishes it. */
const SECONDS_PER_REQUEST = 1;
const REQUESTS_IN_FLIGHT = 16;

/** How long sending takes at the latency assumed, seconds. */
export function estimateSeconds(requests: number): number {
  return Math.ceil((requests / REQUESTS_IN_FLIGHT) * SECONDS_PER_REQUEST);
}

/** What was found of one file, as a terminal shows it. Column names, line numbers and counts; never a value. */
export function checkReport(result: CheckResult): string {
  const { name, state, records, accepted, quarantined, requests, format, reasons, seconds } = result;
  const lines = [`${printable(name)}: ${VERDICTS[state]}`];
  if (format) {
    const packed = format.packing === 'none' ? '' : `, ${format.packing}`;
    const quotes = format.quoting === 'none' ? ', no quoting' : '';
    lines.push(
      `  format    ${DELIMITERS[format.delimiter] ?? format.delimiter}-separated, ${format.encoding}${quotes}${packed}`,
    );
    lines.push(
      `  records   ${count(records)}: ${count(accepted)} would be sent, ${count(quarantined)} set aside`,
    );
    lines.push(`  mapping   ${counted(result.mapping.length, 'field')}: ${guesses(result.mapping)}`);
  }
  if (requests > 0) {
    const time = estimateSeconds(requests);
    const assumed = `at ${SECONDS_PER_REQUEST} s a request, ${REQUESTS_IN_FLIGHT} at a time`;
    lines.push(`  sending   ${counted(requests, 'request')}, about ${count(time)} s ${assumed}`);
  }
  const found = findings(result);
  if (found !== '') lines.push(found);
  for (const reason of reasons) lines.push(`  ${printable(reason)}`);
  lines.push(`  checked in ${seconds.toFixed(1)} s`);
  return lines.join('\n');
}

const VERDICTS = {
  completed: 'can be sent.',
  completedWithRefusals: 'can be sent, except for some records.',
  rejected: 'cannot be sent.',
} as const;

/** Columns whose names were not plain wants a look. */
function guesses(mapping: CheckResult['mapping']): string {
  const bySynonym = mapping.filter(({ how }) => how === 'synonym');
  if (bySynonym.length === 0) return 'all found by name or mapping file';
  return `by well-known other names ${bySynonym.map(({ field, column }) => `"${printable(column)}" as ${field}`).join(', ')}`;
}

function findings({ refusals, warnings, lines }: CheckResult): string {
  const rows = [
    ...Object.entries(refusals).map(([key, found]) => [
      'refused',
      key,
      count(found),
      (lines[key] ?? []).join(', '),
    ]),
    ...Object.entries(warnings).map(([key, found]) => ['warning', key, count(found), '']),
  ];
  if (rows.length === 0) return '';
  return tableOf(['', 'finding', { figures: 'records' }, 'first lines'], rows);
}

const count = (value: number): string => value.toLocaleString('en-US');
