import { readFile } from 'node:fs/promises';
import { EXAMPLE_COLUMNS, RECORD_CODES, type CodeEntry } from '../../shared/schema/codes.ts';
import type { ConnectorSchema, SchemaField } from '../../shared/schema/schema.ts';
import { loadSchema } from '../../shared/schema/schemas.ts';
import { DEFAULT_TIME_FORMATS } from '../../shared/schema/time.ts';
import { EXPORT_CODES } from './exportCodes.ts';

const TEMPLATE = new URL('validation.template.md', import.meta.url);

/** The page on validation, as Markdown: prose from the template, tables from the data that the pipeline runs on. */
export async function renderValidation(): Promise<string> {
  const schema = await loadSchema('healthcare');
  if (schema === undefined) throw new Error('The schema of the healthcare connector is missing.');
  const parts: Readonly<Record<string, string>> = {
    fields: fieldTable(schema),
    timeFormats: DEFAULT_TIME_FORMATS.map((format) => `- \`${format}\``).join('\n'),
    exampleHeader: `\`\`\`text\n${EXAMPLE_COLUMNS}\n\`\`\``,
    recordCodes: table(
      ['Code', 'Default', 'Meaning', 'Example line', 'Cure'],
      Object.entries(RECORD_CODES).map(recordRow),
    ),
    exportCodes: table(['Code', 'Meaning', 'Cure'], EXPORT_CODES.map(([code, ...rest]) => [`\`${code}\``, ...rest])), // prettier-ignore
  };
  const template = await readFile(TEMPLATE, 'utf8');
  return template.replaceAll(/<!-- (\w+) -->/g, (_, name: string) => parts[name] ?? '');
}

function fieldTable({ fields }: ConnectorSchema): string {
  const rows = fields.map((field) => [
    field.name,
    needOf(field),
    field.format ?? 'text',
    String(field.maxBytes ?? ''),
    (field.synonyms ?? []).map((name) => `\`${name}\``).join(' '),
  ]);
  return table(['Field', 'Needed', 'Format', 'Bytes at most', 'Also known as'], rows);
}

function needOf({ mandatory, mandatoryEither, emptyValue }: SchemaField): string {
  if (mandatoryEither !== undefined) return 'one of the two';
  if (mandatory !== true) return '';
  return emptyValue === undefined || emptyValue === 'refuse'
    ? 'yes'
    : `column yes, empty value: ${emptyValue}`;
}

function recordRow([code, { level, meaning, cure, example }]: [string, CodeEntry]): string[] {
  const shown = example === undefined ? '' : `\`${printable(example)}\``;
  return [`\`${code}\``, level, meaning, shown, cure];
}

/** Bytes that cannot be shown as `\xNN`; a long example is cut. */
function printable(example: string): string {
  const shown = example.replaceAll(
    /[^ -~]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return shown.length > 160 ? `${shown.slice(0, 120)}… (${example.length} bytes)` : shown;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
