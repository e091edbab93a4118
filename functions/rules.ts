import type { ConnectorConfig } from '../shared/config/connectorConfig.ts';
import { connectorPrefix } from '../shared/config/connectorPrefix.ts';
import type { SplitServices } from '../shared/export/services.ts';
import { loadRules, parseMapping, readMapping, type ExportRules } from '../shared/schema/connector.ts';

/** Where mapping files lie in the deployed package; relative to the app's folder. */
const MAPPINGS = 'mappings';

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
export function rulesOf({
  name,
  schema,
  mapping,
}: Pick<ConnectorConfig, 'name' | 'schema' | 'mapping'>): Promise<ExportRules> {
  if (mapping === undefined) return loadRules(name, MAPPINGS, schema);
  if (!mapping.trimStart().startsWith('{')) return readMapping(mapping, schema);
  return parseMapping(mapping, { where: `The setting ${connectorPrefix(name)}MAPPING`, schema });
}
