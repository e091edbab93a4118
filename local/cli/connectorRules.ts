import { rulesOf, rulesSettings } from '../../functions/rules.ts';
import type { Environment } from '../../shared/config/config.ts';
import { SettingsError } from '../../shared/errors.ts';
import type { ExportRules } from '../../shared/schema/connector.ts';
import { UsageError } from './usageError.ts';

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
  try {
    return await rulesOf({ ...rulesSettings(connector, env), ...(file && { mapping: file }) });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new UsageError(error.reason.cause, error.reason.cure, { cause: error });
  }
}
