/** Text as a regular expression that matches just that text (`RegExp.escape` is not in Node 22). */
export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
