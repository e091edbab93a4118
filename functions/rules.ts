import { readFile } from 'node:fs/promises';
import type { ConnectorConfig } from '../shared/config/connectorConfig.ts';
import type { ConnectorRules, SplitServices } from '../shared/export/services.ts';
import { loadConnectorRules, parseMappingFile } from '../shared/schema/connector.ts';
import { loadSchema } from '../shared/schema/schemas.ts';

/** Where mapping files lie in the deployed package; relative to the app's folder. */
const MAPPINGS = 'mappings';

/** Rules of the configured connectors: mapping by setting (JSON or a path), else `mappings/<connector>.json`, else the schema alone. */
export function rulesReader(connectors: readonly ConnectorConfig[]): SplitServices['rulesOf'] {
  return async (name) => {
    const connector = connectors.find((each) => each.name === name);
    const rules = connector && (await rulesOf(connector));
    return rules && { ...rules, onUnknownOutcome: connector.onUnknownOutcome };
  };
}

/** {@link rulesReader} for one connector. @throws {SettingsError} when its mapping cannot be used */
export async function rulesOf({
  name,
  schema: schemaName,
  mapping,
}: Pick<ConnectorConfig, 'name' | 'schema' | 'mapping'>): Promise<ConnectorRules | undefined> {
  if (mapping !== undefined) {
    const text = mapping.trimStart().startsWith('{') ? mapping : await readFile(mapping, 'utf8');
    return parseMappingFile(text, schemaName);
  }
  const rules = await loadConnectorRules(name, MAPPINGS);
  if (rules) return rules;
  const schema = await loadSchema(schemaName);
  return schema && { schema };
}
