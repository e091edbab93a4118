import { readFile } from 'node:fs/promises';
import mappingSchema from '../../mappings/mapping.schema.json' with { type: 'json' };
import { SettingsError } from '../errors.ts';
import { jsonFaults } from './jsonCheck.ts';
import type { MappingFile } from './mappingFile.ts';
import type { ConnectorSchema } from './schema.ts';
import { loadSchema } from './schemas.ts';
import { timeFormatFault } from './timeFormat.ts';

/** What exports are judged by. */
export type ExportRules = { readonly schema: ConnectorSchema; readonly mapping: MappingFile };

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/**
 * Rules of a connector without a mapping of its own setting: those of `<folder>/<connector>.json` if there is one, else the schema alone.
 * @param schema name of the schema, unless the file names one
 * @throws {SettingsError} BAD_MAPPING when the file cannot be read, or says what cannot be, and when there is no such schema
 */
export async function loadRules(connector: string, folder: string, schema: string): Promise<ExportRules> {
  const file = `${folder}/${connector}.json`;
  const text = NAME.test(connector) ? await textOf(file) : undefined;
  if (text !== undefined) return parseMapping(text, { where: file, schema });
  const found = await loadSchema(schema);
  if (found !== undefined) return { schema: found, mapping: {} };
  throw new SettingsError({
    code: 'BAD_MAPPING',
    cause: `There is no schema "${schema}" for the connector "${connector}".`,
    cure: `Correct the connector's setting SCHEMA, or name another under "schema" in ${file}.`,
  });
}

/** Rules from a mapping file that must be there. @throws {SettingsError} BAD_MAPPING */
export async function readMapping(file: string, schema: string): Promise<ExportRules> {
  const text = await textOf(file);
  if (text === undefined) throw mappingError(file, ['it is not there']);
  return parseMapping(text, { where: file, schema });
}

/** Undefined for a file that is not there. @throws {SettingsError} BAD_MAPPING */
async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw mappingError(file, [`it cannot be read (${error.code ?? error.name})`], error);
  });
}

/**
 * Rules from the text of a mapping file. All faults are told at once.
 * @param source.where what an error calls the text: the path of the file, or the setting that it stands in
 * @param source.schema name of the schema, unless the text names one
 * @throws {SettingsError} BAD_MAPPING
 */
export async function parseMapping(
  text: string,
  { where, schema: fallback }: { readonly where: string; readonly schema: string },
): Promise<ExportRules> {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw mappingError(where, ['it is not JSON'], error);
  }
  const faults = jsonFaults(mappingSchema, value);
  if (faults.length > 0) throw mappingError(where, faults);
  const mapping = value as MappingFile;
  const name = mapping.schema ?? fallback;
  const schema = await loadSchema(name);
  if (schema === undefined)
    throw mappingError(where, [`there is no schema "${name}"; name one under "schema"`]);
  const meaningless = [...unknownFields(schema, mapping), ...badFormats(mapping)];
  if (meaningless.length > 0) throw mappingError(where, meaningless);
  return { schema, mapping };
}

function unknownFields(schema: ConnectorSchema, mapping: MappingFile): string[] {
  const known = new Set(schema.fields.map((field) => field.name));
  const used = [
    ...Object.keys(mapping.columns ?? {}).map((field) => ['columns', field]),
    ...Object.keys(mapping.emptyValue ?? {}).map((field) => ['emptyValue', field]),
    ...Object.entries(mapping.levels ?? {}).flatMap(([code, level]) =>
      typeof level === 'string' ? [] : Object.keys(level).map((field) => [`levels → ${code}`, field]),
    ),
  ];
  const unknown = used.filter(([, field]) => !known.has(field!));
  const mandatory = schema.fields.filter(
    ({ name, mandatory }) => mandatory && mapping.columns?.[name] === null,
  );
  return [
    ...unknown.map(
      ([where, field]) => `"${where}" names the field "${field}", which the schema does not have`,
    ),
    ...mandatory.map(({ name }) => `"columns" leaves out "${name}", which is mandatory`),
  ];
}

function badFormats({ timeFormats = [] }: MappingFile): string[] {
  return timeFormats.flatMap((format) => {
    const fault = timeFormatFault(format);
    return fault === undefined ? [] : [`"timeFormats" has "${format}", which cannot be used: ${fault}`];
  });
}

function mappingError(where: string, faults: readonly string[], cause?: unknown): SettingsError {
  return new SettingsError(
    {
      code: 'BAD_MAPPING',
      cause: `${where} cannot be used: ${faults.join('; ')}.`,
      cure: 'Correct it; mappings/mapping.schema.json says what it may hold, and npm run check -- --init writes one.',
    },
    cause === undefined ? {} : { cause },
  );
}
