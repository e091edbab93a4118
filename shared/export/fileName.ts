/** `.csv` of `exports/Daily.CSV`: the last extension of a name in lower case with its dot; '' when there is none. */
export function extensionOf(name: string): string {
  return /[^/]\.([^./\s]+)$/u.exec(name)?.[0].slice(1).toLowerCase() ?? '';
}

const TEXT_EXTENSIONS: ReadonlySet<string> = new Set(['.csv', '.psv', '.tsv', '.tab', '.txt']);

/** The extension of a text export, '' for any other: what somebody wrote into an archive is no name to go by. */
export function textExtensionOf(name: string): string {
  const extension = extensionOf(name);
  return TEXT_EXTENSIONS.has(extension) ? extension : '';
}

/** A name without its last extension, so that `x.csv.gz` tells of `x.csv`. */
export function withoutExtension(name: string): string {
  return name.slice(0, name.length - extensionOf(name).length);
}

/** Whether a name says that the file is still being written: transfer programs rename it when it is whole. */
export function isPartialName(name: string): boolean {
  return ['.filepart', '.part', '.tmp'].includes(extensionOf(name));
}
