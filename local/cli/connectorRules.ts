import { rulesOf } from '../../functions/rules.ts';
import type { Environment } from '../../shared/config/config.ts';
import { connectorPrefix } from '../../shared/config/connectorPrefix.ts';
import { connectorSettings } from '../../shared/config/connectorSettings.ts';
import { readSettings } from '../../shared/config/setting.ts';
import { SettingsError } from '../../shared/errors.ts';
import type { ExportRules } from '../../shared/schema/connector.ts';
import { UsageError } from './usageError.ts';

/** Name of a connector's schema, unless its mapping file names one, and its mapping, by the environment. */
export function rulesSettings(
  connector: string,
  env: Environment = process.env,
): { readonly schema: string; readonly mapping?: string | undefined } {
  const { schema, mapping } = connectorSettings;
  return readSettings({ schema, mapping }, env, [], connectorPrefix(connector));
}

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
): Promise<ExportRules> {
  const { schema, mapping: set } = rulesSettings(connector, env);
  const mapping = file ?? set;
  try {
    return await rulesOf({ name: connector, schema, ...(mapping && { mapping }) });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new UsageError(error.reason.cause, error.reason.cure, { cause: error });
  }
}
