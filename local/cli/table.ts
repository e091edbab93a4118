import Table from 'cli-table3';
import { printable } from './console.ts';

/** A column's heading; figures stand to the right. */
export type Head = string | { readonly figures: string };

/** A table as a terminal shows it, without colours. Cells may hold anything: they are made printable. */
export function tableOf(heads: readonly Head[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: heads.map((head) => (typeof head === 'string' ? head : head.figures)),
    colAligns: heads.map((head) => (typeof head === 'string' ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  table.push(...rows.map((row) => row.map((cell) => printable(cell))));
  return table.toString();
}
