/** `.csv` of `exports/Daily.CSV`: the last extension of a name in lower case with its dot; '' when there is none. */
export function extensionOf(name: string): string {
  return /[^/]\.([^./\s]+)$/u.exec(name)?.[0].slice(1).toLowerCase() ?? '';
}

/** A name without its last extension, so that `x.csv.gz` tells of `x.csv`. */
export function withoutExtension(name: string): string {
  return name.slice(0, name.length - extensionOf(name).length);
}

/** Whether a name says that the file is still being written: transfer programs rename it when it is whole. */
export function isPartialName(name: string): boolean {
  return ['.filepart', '.part', '.tmp'].includes(extensionOf(name));
}
