import { existsSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ExportRejectedError, formatReason } from '../../shared/errors.ts';
import { sampleRecords } from '../../shared/export/dialect.ts';
import { HEAD_BYTES, readHead } from '../../shared/export/head.ts';
import { knownNames } from '../../shared/schema/mapping.ts';
import { proposeMapping, type Proposal } from '../../shared/schema/propose.ts';
import { loadSchema } from '../../shared/schema/schemas.ts';
import type { ConnectorSchema } from '../../shared/schema/schema.ts';
import { note, printable, say } from './console.ts';
import { exportFile, firstBytes } from './exportFile.ts';
import type { Input } from './inputs.ts';
import { tableOf } from './table.ts';
import { UsageError } from './usageError.ts';

const SAMPLE_RECORDS = 1000;

export type InitOptions = {
  readonly connector: string;
  /** Name of the schema. */
  readonly schema: string;
  /** Show the proposal, and write nothing. */
  readonly print?: boolean;
  /** Replace the mapping file that is there. */
  readonly overwrite?: boolean;
};

/**
 * Propose a mapping from a sample, print it with what the portal asks for, and write `<folder>/<connector>.json`.
 * @returns the exit code: 0, or 2 when a mandatory field has no column yet or the sample cannot be read as an export
 * @throws {UsageError} for more than one sample, a schema that is not there, and when the file is there and may not be replaced;
 * then nothing was printed
 */
export async function initMapping(
  inputs: readonly Input[],
  { connector, schema: schemaName, print = false, overwrite = false }: InitOptions,
  folder: string,
): Promise<0 | 2> {
  const [input, ...others] = inputs;
  if (!input || others.length > 0 || input.refused)
    throw new UsageError('--init takes one sample file.', 'Example: npm run check -- --init sample.csv');
  const schema = await loadSchema(schemaName);
  if (schema === undefined)
    throw new UsageError(`There is no schema "${schemaName}".`, "Correct the connector's setting SCHEMA.");
  const file = path.join(folder, `${connector}.json`);
  if (!print && !overwrite && existsSync(file)) throw isThere(file);
  let sample: Sample;
  try {
    sample = await readSample(input, schema);
  } catch (error) {
    if (!(error instanceof ExportRejectedError)) throw error;
    for (const reason of error.reasons) note(printable(`${input.name}: ${formatReason(reason)}`));
    return 2;
  }
  const proposals = proposeMapping(schema, sample.columns, sample.records);
  say(proposalTable(proposals, sample.columns));
  const open = missing(schema, proposals);
  if (open.length > 0)
    say(
      `Still without a column, and mandatory: ${open.join(', ')}. Name them in ${file}, or add them to the export.`,
    );
  say(`\nFor the portal's "File mapping" page:\n${portalTable(proposals, sample.columns)}`);
  if (!print) {
    await writeMapping(file, mappingOf(connector, schema, proposals, sample.columns), overwrite);
    say(
      `\nWrote ${file} with the columns that do not go by the name of their field. Look through it, then: npm run check -- ${printable(input.file)}`,
    );
  }
  return open.length > 0 ? 2 : 0;
}

type Sample = { readonly columns: readonly string[]; readonly records: readonly (readonly string[])[] };

async function readSample({ file, name, bytes }: Input, schema: ConnectorSchema): Promise<Sample> {
  const handle = await open(file);
  try {
    const { content } = await exportFile(handle, { name, bytes }, { maxBytes: Infinity, forced: undefined });
    const sample = await content();
    const bytesHere = await firstBytes(sample.content, HEAD_BYTES);
    const totalBytes = bytesHere.length < HEAD_BYTES ? bytesHere.length : Infinity;
    const head = readHead(bytesHere, sample.name, { totalBytes, isKnown: knownNames(schema) });
    const { columns, end } = head.header;
    const cut = bytesHere.length === HEAD_BYTES;
    return { columns, records: sampleRecords(bytesHere.subarray(end), cut, head.dialect, SAMPLE_RECORDS) };
  } finally {
    await handle.close();
  }
}

/** Only what a name does not say by itself: an export that gains a column by the field's own name needs no new file. */
function mappingOf(
  connector: string,
  schema: ConnectorSchema,
  proposals: readonly Proposal[],
  columns: readonly string[],
): object {
  const found = proposals.flatMap(({ field, column }) =>
    column === undefined || columns[column] === field.name ? [] : [[field.name, columns[column]]],
  );
  return {
    $schema: './mapping.schema.json',
    ...(connector === schema.connector ? {} : { schema: schema.connector }),
    columns: Object.fromEntries(found),
  };
}

async function writeMapping(file: string, mapping: object, overwrite: boolean): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const text = `${JSON.stringify(mapping, undefined, 2)}\n`;
  await writeFile(file, text, { flag: overwrite ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw isThere(file);
  });
}

const isThere = (file: string): UsageError =>
  new UsageError(
    `${file} is there already and was left as it is.`,
    'Add --print to see the proposal only, or --overwrite to replace the file.',
  );

function proposalTable(proposals: readonly Proposal[], columns: readonly string[]): string {
  const rows = proposals.map(({ field, column, confidence }) => {
    const must = field.mandatory === true || field.mandatoryEither !== undefined ? ' *' : '';
    const sure = column === undefined ? '' : `${Math.round(confidence * 100)} %`;
    return [field.name + must, column === undefined ? '–' : (columns[column] ?? ''), sure];
  });
  return tableOf(['field', 'column', { figures: 'confidence' }], rows);
}

function portalTable(proposals: readonly Proposal[], columns: readonly string[]): string {
  const rows = proposals.flatMap(({ field, column }) =>
    column === undefined ? [] : [[field.name, columns[column] ?? '']],
  );
  return tableOf(['field in the portal', 'column name to type'], rows);
}

/** Mandatory fields, and either-or groups, that no column was found for. */
function missing(schema: ConnectorSchema, proposals: readonly Proposal[]): string[] {
  const found = new Set(
    proposals.filter(({ column }) => column !== undefined).map(({ field }) => field.name),
  );
  const fields = schema.fields.filter(({ name, mandatory }) => mandatory === true && !found.has(name));
  const groups = Map.groupBy(schema.fields, ({ mandatoryEither }) => mandatoryEither);
  groups.delete(undefined);
  const either = [...groups.values()].filter((group) => !group.some(({ name }) => found.has(name)));
  return [
    ...fields.map(({ name }) => name),
    ...either.map((group) => group.map(({ name }) => name).join(' or ')),
  ];
}
