import { readFile } from 'node:fs/promises';
import { rulesOf } from '../../functions/rules.ts';
import type { Environment } from '../../shared/config/config.ts';
import { connectorPrefix } from '../../shared/config/connectorPrefix.ts';
import { connectorSettings } from '../../shared/config/connectorSettings.ts';
import { readSettings } from '../../shared/config/setting.ts';
import { SettingsError } from '../../shared/errors.ts';
import { parseMappingFile, type ConnectorRules } from '../../shared/schema/connector.ts';
import { UsageError } from './usageError.ts';

const { schema, mapping } = connectorSettings;

/**
 * What exports of a connector are judged by: the mapping file named, else what the functions would take by the same environment.
 *
 * @param file of `--mapping`
 * @throws {UsageError} when the mapping cannot be read or says what cannot be, and for a connector without a schema
 */
export async function requireRules(
  connector: string,
  file: string | undefined,
  env: Environment = process.env,
): Promise<ConnectorRules> {
  const settings = readSettings({ schema, mapping }, env, [], connectorPrefix(connector));
  try {
    const rules =
      file === undefined
        ? await rulesOf({
            name: connector,
            schema: settings.schema,
            ...(settings.mapping && { mapping: settings.mapping }),
          })
        : await parseMappingFile(await readMapping(file), settings.schema);
    if (rules) return { schema: rules.schema, mapping: rules.mapping ?? {} };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const { cause, cure } = error.reason;
    throw new UsageError(file === undefined ? cause : cause.replace(/^\S+/u, file), cure, { cause: error });
  }
  throw new UsageError(
    `There is no schema "${settings.schema}" for the connector "${connector}".`,
    `Name another in the setting ${connectorPrefix(connector)}${schema.name}, or under "schema" in mappings/${connector}.json.`,
  );
}

async function readMapping(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `The mapping file ${file} cannot be read (${error.code ?? error.name}).`,
      'Check the path and its permissions; npm run check -- --init FILE makes one.',
      { cause: error },
    );
  });
}
