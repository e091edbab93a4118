import { jsonFaults } from './jsonCheck.ts';
import schemaSchema from './schema.schema.json' with { type: 'json' };
import type { ConnectorSchema } from './schema.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/**
 * The schema `schemas/<name>.json`, or undefined when there is none. To add a connector, add its file: the import by pattern
 * takes in whatever lies in the folder, in the bundle as well.
 * @throws {TypeError} when the file does not fit schema.schema.json: a fault of the build, not of the user
 * @throws what keeps the file from being read
 */
export async function loadSchema(name: string): Promise<ConnectorSchema | undefined> {
  if (!NAME.test(name)) return undefined;
  let schema: unknown;
  try {
    ({ default: schema } = (await import(`./schemas/${name}.json`, { with: { type: 'json' } })) as {
      default: unknown;
    });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const faults = jsonFaults(schemaSchema, schema);
  if (faults.length > 0) throw new TypeError(`shared/schema/schemas/${name}.json: ${faults.join('; ')}`);
  return schema as ConnectorSchema;
}

/** Node has a code for it, the bundle a message. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  (('code' in error && error.code === 'ERR_MODULE_NOT_FOUND') ||
    error.message.startsWith('Module not found in bundle:'));
