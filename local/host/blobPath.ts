import { escapeRegex } from './regex.ts';

/** The `path` of a blob trigger: a container, and a pattern with `{captures}` for the names of its blobs. */
export type BlobPath = {
  readonly container: string;
  /** What every matching name starts with. */
  readonly prefix: string;
  /** The captures of a matching name; undefined for others. */
  match(name: string): Record<string, string> | undefined;
};

/** Captures are greedy, as in the real host: of `{a}/{b}` the first takes everything up to the last slash. */
export function parseBlobPath(path: string): BlobPath {
  const slash = path.indexOf('/');
  const container = slash === -1 ? path : path.slice(0, slash);
  const pattern = slash === -1 ? '{name}' : path.slice(slash + 1);
  const regex = new RegExp(
    `^${pattern
      .split(/\{(\w+)\}/)
      .map((part, index) => (index % 2 === 1 ? `(?<${part}>.*)` : escapeRegex(part)))
      .join('')}$`,
    's',
  );
  return {
    container,
    prefix: pattern.split('{')[0] ?? '',
    match: (name) => {
      const match = regex.exec(name);
      return match === null ? undefined : { ...match.groups };
    },
  };
}
