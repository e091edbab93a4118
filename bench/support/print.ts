import Table from 'cli-table3';
import type { BenchResult, Verdict } from './types.ts';

/** A result as people read it: a table, and under it how it stands to what is aimed at. */
export function printed({ name, about, rows, verdicts }: BenchResult): string {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  // Many figures for few things read better downwards.
  const downwards = columns.length > 6;
  const whats = rows.map(({ what }) => what);
  const table = new Table({
    head: ['', ...(downwards ? whats : columns)],
    style: { head: [], border: [] },
    colAligns: ['left', ...(downwards ? whats : columns).map(() => 'right' as const)],
  });
  const cell = (value: number | undefined): string => (value === undefined ? '' : figure(value));
  if (downwards) {
    for (const column of columns) table.push([column, ...rows.map(({ figures }) => cell(figures[column]))]);
  } else {
    for (const { what, figures } of rows)
      table.push([what, ...columns.map((column) => cell(figures[column]))]);
  }
  return [`${name}: ${about}`, table.toString(), ...verdicts.map(verdictLine), ''].join('\n');
}

const figure = (value: number): string =>
  Number.isFinite(value) ? value.toLocaleString('en-US', { maximumFractionDigits: 3 }) : '-';

function verdictLine({ what, value, least, most }: Verdict): string {
  const met = (least === undefined || value >= least) && (most === undefined || value <= most);
  const aim = least === undefined ? `at most ${String(most)}` : `at least ${String(least)}`;
  return `  ${met ? 'met' : 'MISSED'}: ${what} is ${figure(value)}; ${aim} is aimed at.`;
}
