import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Language, type Node, Parser } from 'web-tree-sitter';

const require = createRequire(import.meta.url);
let parser: Promise<Parser> | undefined;

/** What an expression says as far as it is literal; anything else keeps its text as written. */
export type Value =
  string | number | boolean | null | Value[] | { [key: string]: Value } | { expression: string };

export type Declaration = {
  readonly name: string;
  /** Text of `@description`; undefined where there is none. */
  readonly description: string | undefined;
  /** Default or value; undefined for a parameter without a default. */
  readonly value: Value | undefined;
};

/** A Bicep file as tests look at it. */
export type BicepFile = {
  /** Line of each syntax error, from 1. */
  readonly errors: readonly number[];
  readonly params: readonly Declaration[];
  readonly variables: readonly Declaration[];
  readonly outputs: readonly Declaration[];
  /** Type without the API version; body as far as it is literal, of the loop's body for a loop. */
  readonly resources: readonly { name: string; type: string; existing: boolean; body: Value }[];
  readonly modules: readonly { name: string; path: string; body: Value }[];
};

async function load(): Promise<Parser> {
  await Parser.init();
  const loaded = new Parser();
  loaded.setLanguage(await Language.load(require.resolve('tree-sitter-bicep/tree-sitter-bicep.wasm')));
  return loaded;
}

/** Read a `.bicep` file with the grammar of tree-sitter. `.bicepparam` files follow another grammar: see `assignedParams`. */
export async function readBicep(path: string): Promise<BicepFile> {
  parser ??= load();
  const tree = (await parser).parse(readFileSync(path, 'utf8'));
  if (tree === null) throw new Error(`${path} was not parsed.`);
  const file = describe(tree.rootNode);
  tree.delete();
  return file;
}

/** Names that a `.bicepparam` file assigns. Its statements each begin a line with `param`. */
export function assignedParams(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^param (\w+) =/gmu)].map(([, name = '']) => name);
}

/** An expression as written; a literal string without its quotes. */
export const textOf = (value: Value | undefined): string => {
  if (typeof value === 'string') return value;
  const expression =
    typeof value === 'object' && value !== null && 'expression' in value ? value['expression'] : undefined;
  return typeof expression === 'string' ? expression : JSON.stringify(value);
};

function describe(root: Node): BicepFile {
  const params: Declaration[] = [];
  const variables: Declaration[] = [];
  const outputs: Declaration[] = [];
  const resources: BicepFile['resources'][number][] = [];
  const modules: BicepFile['modules'][number][] = [];
  let description: string | undefined;
  for (const node of named(root)) {
    if (node.type === 'decorators') {
      description = /@description\('(.*)'\)/u.exec(node.text)?.[1];
      continue;
    }
    const [id, second] = named(node);
    const name = id?.text ?? '';
    const last = named(node).at(-1);
    const value = last && last.id !== id?.id && last.type !== 'type' ? valueOf(last) : undefined;
    if (node.type === 'parameter_declaration') params.push({ name, description, value });
    if (node.type === 'variable_declaration') variables.push({ name, description, value });
    if (node.type === 'output_declaration') outputs.push({ name, description, value });
    if (node.type === 'resource_declaration' || node.type === 'module_declaration') {
      const path = second?.text.replaceAll("'", '') ?? '';
      const body = value ?? null;
      if (node.type === 'module_declaration') modules.push({ name, path, body });
      else {
        const existing = / existing =/u.test(node.text.slice(0, node.text.indexOf('\n')));
        resources.push({ name, type: path.split('@')[0] ?? '', existing, body });
      }
    }
    description = undefined;
  }
  return { errors: errorLines(root), params, variables, outputs, resources, modules };
}

const named = (node: Node): Node[] => node.namedChildren.filter((child) => child !== null);

function valueOf(node: Node): Value {
  const children = named(node).filter(({ type }) => type !== 'comment' && type !== 'diagnostic_comment');
  const [first] = children;
  switch (node.type) {
    case 'string':
      return children.every(({ type }) => type === 'string_content' || type === 'escape_sequence')
        ? node.text.slice(1, -1)
        : { expression: node.text };
    case 'number':
      return Number(node.text);
    case 'boolean':
      return node.text === 'true';
    case 'null':
      return null;
    case 'array':
      return children.map(valueOf);
    case 'object':
      return Object.fromEntries(
        children.map((property) => {
          const [key, value] = named(property);
          return [(key?.text ?? '').replaceAll("'", ''), value ? valueOf(value) : null];
        }),
      );
    case 'for_statement':
    case 'if_statement': {
      const last = children.at(-1);
      return last ? valueOf(last) : { expression: node.text };
    }
    case 'parenthesized_expression':
      return first ? valueOf(first) : { expression: node.text };
    default:
      return { expression: node.text };
  }
}

function errorLines(root: Node): number[] {
  if (!root.hasError) return [];
  if (root.isError || root.isMissing) return [root.startPosition.row + 1];
  return root.children.flatMap((child) => (child === null ? [] : errorLines(child)));
}
