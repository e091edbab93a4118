import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/**
 * The documents of a YAML file as plain values.
 * @throws {Error} with the parser's words when one is malformed or holds a key twice
 */
export function readYaml(path: string): unknown[] {
  return parseAllDocuments(readFileSync(path, 'utf8'), { uniqueKeys: true }).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error) throw new Error(`${path}: ${error.message}`);
    return document.toJS() as unknown;
  });
}
