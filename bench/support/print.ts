import Table from 'cli-table3';
import type { BenchResult, Verdict } from './types.ts';

/** A result as people read it: a table, and under it how it stands to what is aimed at. */
export function printed(result: BenchResult): string {
  const { head, lines } = cellsOf(result);
  const colAligns = head.map((_, column) => (column === 0 ? ('left' as const) : ('right' as const)));
  const table = new Table({ head, style: { head: [], border: [] }, colAligns });
  table.push(...lines);
  const verdicts = result.verdicts.map((verdict) => `  ${verdictLine(verdict)}`);
  return [`${result.name}: ${result.about}`, table.toString(), ...verdicts, ''].join('\n');
}

/** The same for a page of the documentation. */
export function markdownOf(result: BenchResult): string {
  const { head, lines } = cellsOf(result);
  const rule = head.map((_, column) => (column === 0 ? ':--' : '--:'));
  const table = [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const verdicts = result.verdicts.map((verdict) => `- ${verdictLine(verdict)}`).join('\n');
  return [`### \`${result.name}\``, result.about, table, verdicts].join('\n\n').trimEnd();
}

/** The cells of a table; many figures for few things read better downwards. */
function cellsOf({ rows }: BenchResult): { head: string[]; lines: string[][] } {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const whats = rows.map(({ what }) => what);
  const cell = (value: number | undefined): string => (value === undefined ? '' : figure(value));
  if (columns.length > 6) {
    const lines = columns.map((column) => [column, ...rows.map(({ figures }) => cell(figures[column]))]);
    return { head: ['', ...whats], lines };
  }
  const lines = rows.map(({ what, figures }) => [what, ...columns.map((column) => cell(figures[column]))]);
  return { head: ['', ...columns], lines };
}

const figure = (value: number): string =>
  Number.isFinite(value) ? value.toLocaleString('en-US', { maximumFractionDigits: 3 }) : '-';

function verdictLine({ what, value, least, most }: Verdict): string {
  const met = (least === undefined || value >= least) && (most === undefined || value <= most);
  const aim = least === undefined ? `at most ${String(most)}` : `at least ${String(least)}`;
  return `${met ? 'met' : 'MISSED'}: ${what}: ${figure(value)} (aimed at: ${aim}).`;
}
