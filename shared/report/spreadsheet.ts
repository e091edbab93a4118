import { visible } from './words.ts';

/**
 * Where a formula would begin for Excel, LibreOffice or Google Sheets (OWASP, CSV injection): at the front of a cell, and behind a
 * semicolon, at which Excel splits cells in much of Europe whatever the quotes say.
 */
const BEFORE_FORMULA = /(^|;)(?=[\s"]*[=+\-@])/g;

/** Text that a spreadsheet shows and does not run: a `'` in front of what would begin a formula, nothing that acts unseen. */
export const neutraliseFormula = (text: string): string => visible(text).replaceAll(BEFORE_FORMULA, "$1'");

/** One line of a CSV report, with its line end: cells neutralised, and quoted where they must be. Numbers stay numbers. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => (typeof cell === 'number' ? String(cell) : quote(neutraliseFormula(cell)))).join(',')}\r\n`;
}

function quote(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
