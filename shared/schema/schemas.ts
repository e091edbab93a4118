import { jsonFaults } from './jsonCheck.ts';
import schemaSchema from './schema.schema.json' with { type: 'json' };
import type { ConnectorSchema } from './schema.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/**
 * The schema `schemas/<name>.json`, or undefined when there is none. To add a connector, add its file: the import by pattern
 * takes in whatever lies in the folder, in the bundle as well.
 * @throws {TypeError} when the file does not fit schema.schema.json: a fault of the build, not of the user
 */
export async function loadSchema(name: string): Promise<ConnectorSchema | undefined> {
  if (!NAME.test(name)) return undefined;
  let schema: unknown;
  try {
    ({ default: schema } = (await import(`./schemas/${name}.json`, { with: { type: 'json' } })) as {
      default: unknown;
    });
  } catch {
    return undefined;
  }
  const faults = jsonFaults(schemaSchema, schema);
  if (faults.length > 0) throw new TypeError(`shared/schema/schemas/${name}.json: ${faults.join('; ')}`);
  return schema as ConnectorSchema;
}
