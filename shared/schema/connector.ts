import { readFile } from 'node:fs/promises';
import path from 'node:path';
import mappingSchema from '../../mappings/mapping.schema.json' with { type: 'json' };
import { SettingsError } from '../errors.ts';
import { jsonFaults } from './jsonCheck.ts';
import type { MappingFile } from './mappingFile.ts';
import type { ConnectorSchema } from './schema.ts';
import { loadSchema } from './schemas.ts';
import { timeFormatFault } from './timeFormat.ts';

/** What a connector's exports are judged by. */
export type ConnectorRules = { readonly schema: ConnectorSchema; readonly mapping: MappingFile };

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/**
 * Rules of a connector: `<folder>/<connector>.json` if there is one, else nothing but the schema of the connector's name.
 * @returns undefined for a connector that has neither
 * @throws {SettingsError} when the mapping file cannot be read, or says what cannot be
 */
export async function loadConnectorRules(
  connector: string,
  folder: string,
): Promise<ConnectorRules | undefined> {
  if (!NAME.test(connector)) return undefined;
  const file = path.join(folder, `${connector}.json`);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw mappingError(connector, [`it cannot be read (${error.code ?? error.name})`], error);
  });
  if (text === undefined) {
    const schema = await loadSchema(connector);
    return schema && { schema, mapping: {} };
  }
  return parseMappingFile(text, connector);
}

/**
 * Rules of a connector from the text of its mapping file. All faults are told at once.
 * @throws {SettingsError} BAD_MAPPING
 */
export async function parseMappingFile(text: string, connector: string): Promise<ConnectorRules> {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw mappingError(connector, ['it is not JSON'], error);
  }
  const faults = jsonFaults(mappingSchema, value);
  if (faults.length > 0) throw mappingError(connector, faults);
  const mapping = value as MappingFile;
  const name = mapping.schema ?? connector;
  const schema = await loadSchema(name);
  if (schema === undefined)
    throw mappingError(connector, [`there is no schema "${name}"; name one under "schema"`]);
  const meaningless = [...unknownFields(schema, mapping), ...badFormats(mapping)];
  if (meaningless.length > 0) throw mappingError(connector, meaningless);
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

function mappingError(connector: string, faults: readonly string[], cause?: unknown): SettingsError {
  return new SettingsError(
    {
      code: 'BAD_MAPPING',
      cause: `mappings/${connector}.json cannot be used: ${faults.join('; ')}.`,
      cure: 'Correct the file; mappings/mapping.schema.json says what it may hold, and npm run check -- --init writes one.',
    },
    cause === undefined ? {} : { cause },
  );
}
