import { existsSync } from 'node:fs';
import { connectorNames, type Environment } from '../shared/config/config.ts';
import type { ConnectorConfig } from '../shared/config/connectorConfig.ts';
import { connectorPrefix } from '../shared/config/connectorPrefix.ts';
import { connectorSettings } from '../shared/config/connectorSettings.ts';
import { readSettings } from '../shared/config/setting.ts';
import { SettingsError } from '../shared/errors.ts';
import type { SplitServices } from '../shared/export/services.ts';
import type { ExportRules } from '../shared/schema/connector.ts';

/** Where mapping files lie in the deployed package; relative to the app's folder. */
const MAPPINGS = 'mappings';

/** What the rules of a connector go by. */
export type RulesSettings = Pick<ConnectorConfig, 'name' | 'schema' | 'mapping'>;

/** Rules of the configured connectors; undefined for any other. */
export function rulesReader(connectors: readonly ConnectorConfig[]): SplitServices['rulesOf'] {
  return async (name) => {
    const connector = connectors.find((each) => each.name === name);
    if (connector === undefined) return undefined;
    return { ...(await rulesOf(connector)), onUnknownOutcome: connector.onUnknownOutcome };
  };
}

/**
 * Rules of a connector: mapping by setting (JSON or a path), else `mappings/<connector>.json`, else none; schema by the mapping, else by
 * setting.
 * @throws {SettingsError} BAD_MAPPING when the mapping cannot be used, or there is no such schema
 */
export async function rulesOf({ name, schema, mapping }: RulesSettings): Promise<ExportRules> {
  const { loadRules, parseMapping, readMapping } = await import('../shared/schema/connector.ts');
  if (mapping === undefined) return loadRules(name, MAPPINGS, schema);
  if (!mapping.trimStart().startsWith('{')) return readMapping(mapping, schema);
  return parseMapping(mapping, { where: `The setting ${connectorPrefix(name)}MAPPING`, schema });
}

/** What the rules of a connector go by, as far as the environment has it: nobody needs a secret to judge an export. */
export function rulesSettings(connector: string, env: Environment): RulesSettings {
  const { schema, mapping } = connectorSettings;
  const found = readSettings({ schema, mapping }, env, [], connectorPrefix(connector));
  return {
    name: connector,
    schema: found.schema,
    ...(found.mapping === undefined ? {} : { mapping: found.mapping }),
  };
}

/**
 * What keeps the mappings of the connectors from being used: a sentence for each, naming the file or the setting, and the cure. To be
 * found out at start: later it would cost an export.
 */
export async function mappingFaults(env: Environment): Promise<string[]> {
  const faults = await Promise.all(
    connectorNames(env).map(async (name) => {
      const settings = rulesSettings(name, env);
      return isPlain(settings) ? [] : faultsOf(settings);
    }),
  );
  return faults.flat();
}

/** No mapping, and the schema that every app has: nothing can be at fault, and a cold start does without what reads mappings. */
const isPlain = ({ name, schema, mapping }: RulesSettings): boolean =>
  mapping === undefined &&
  schema === connectorSettings.schema.fallback &&
  !existsSync(`${MAPPINGS}/${name}.json`);

async function faultsOf(settings: RulesSettings): Promise<string[]> {
  try {
    await rulesOf(settings);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return [`${error.reason.cause} ${error.reason.cure}`];
  }
}
