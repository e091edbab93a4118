import { appSettings, type Config, type Environment } from '../../shared/config/config.ts';
import { readSettings } from '../../shared/config/setting.ts';
import { deliverySettings, exportSettings, reportSettings } from '../../shared/config/settings.ts';
import { UsageError } from './usageError.ts';

/** What commands that send nothing go by: the app's own settings where the environment has them. */
export type AppEnvironment = Pick<Config, 'export' | 'delivery' | 'report'> & {
  /** Names under CONNECTORS; undefined when it is not set. */
  readonly connectors?: readonly string[];
};

/**
 * Read the app's settings apart from those of connectors: nobody needs a secret to judge an export or to read the ledger.
 *
 * @throws {UsageError} naming each setting that is wrong
 */
export function readEnvironment(env: Environment = process.env): AppEnvironment {
  const faults: string[] = [];
  const { connectors } = readSettings(appSettings, env, faults);
  const values = {
    export: readSettings(exportSettings, env, faults),
    delivery: readSettings(deliverySettings, env, faults),
    report: readSettings(reportSettings, env, faults),
  };
  if (faults.length > 0)
    throw new UsageError(faults.join(' '), 'Correct it in the environment, or take it out.');
  const names = connectors.split(',').map((name) => name.trim());
  return env[appSettings.connectors.name] ? { ...values, connectors: names } : values;
}
