import type { TableRow, TableValue } from '../storage/tables.ts';

/** Characters per column: a table string holds 32,768 UTF-16 units. */
const COLUMN_CHARACTERS = 32_000;

/** `name`, `name2`, `name3` …: the columns over which a long text is spread. */
const columnName = (name: string, index: number): string => (index === 0 ? name : `${name}${index + 1}`);

/** A text of any length as as many columns as it needs; none for undefined. */
export function textColumns(name: string, text: string | undefined): Record<string, string> {
  const columns: Record<string, string> = {};
  if (text === undefined) return columns;
  let start = 0;
  for (let i = 0; i === 0 || start < text.length; i++) {
    let end = start + COLUMN_CHARACTERS;
    // Half a surrogate pair is no text that UTF-8 can carry.
    if (/[\uD800-\uDBFF]/u.test(text.charAt(end - 1))) end--;
    columns[columnName(name, i)] = text.slice(start, end);
    start = end;
  }
  return columns;
}

/** The text that `textColumns` spread, or undefined when the row has none. */
export function textOf(row: TableRow, name: string): string | undefined {
  let text: string | undefined;
  for (let i = 0; ; i++) {
    const piece = row[columnName(name, i)];
    if (typeof piece !== 'string') return text;
    text = (text ?? '') + piece;
  }
}

/** A nested value as JSON, spread over as many columns as it needs; none for undefined. */
export function jsonColumns(name: string, value: object | undefined): Record<string, string> {
  return textColumns(name, value === undefined ? undefined : JSON.stringify(value));
}

/** The value that `jsonColumns` wrote; undefined when the row has none. */
export function jsonOf(row: TableRow, name: string): unknown {
  const text = textOf(row, name);
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

/** A column that every row has. @throws {Error} when it is missing or of another type: the row was written by something else */
export function required(row: TableRow, name: string, type: 'string'): string;
export function required(row: TableRow, name: string, type: 'number'): number;
export function required(row: TableRow, name: string, type: 'boolean'): boolean;
export function required(row: TableRow, name: string, type: string): TableValue {
  const value = row[name];
  if (typeof value !== type) {
    throw new Error(`Ledger row ${row.partitionKey}/${row.rowKey} has no ${type} in column ${name}.`);
  }
  return value;
}

/** `{ name: value }`, or `{}` for undefined: to be spread into a type with an optional property. */
export function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]: Value });
}

/** `{ name: text }` when the row has that text, else `{}`. */
export function optionalText<Name extends string>(row: TableRow, name: Name): { [key in Name]?: string } {
  const value = row[name];
  return optional(name, typeof value === 'string' ? value : undefined);
}
