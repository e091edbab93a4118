/**
 * The one way to the terminal for text. Names of files and columns come from elsewhere, and a terminal obeys what it is shown: control
 * characters could repaint it or type into it, direction characters could make a name look like another.
 */

/** Controls (C0, C1), what changes direction or does not show, and the line separators that are not `\n`. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A name as a terminal may show it: what it would obey is written out as `\u{1b}`. Doing it twice changes nothing more. */
export const printable = (text: string): string =>
  text.replaceAll(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

/** {@link printable} for text of several lines; `\r\n` ends a line as well. */
export const printableLines = (text: string): string =>
  text
    .split(/\r?\n/u)
    .map((line) => printable(line))
    .join('\n');

/** Results and progress, on standard output. */
export const say = (text: string): void => console.log(printableLines(text));

/** What a user should know beside the results, on standard error. */
export const note = (text: string): void => console.error(printableLines(text));

/**
 * A value as JSON on standard output. The same unsafe characters are escaped as JSON does it, so that a program reads what was meant.
 *
 * @param indent spaces a level; absent: all of it on one line
 */
export function sayJson(value: unknown, indent?: number): void {
  console.log(JSON.stringify(value, undefined, indent).replaceAll(UNSAFE, jsonEscape));
}

/** `\n` stands between the lines, never in a string: there JSON has escaped it. */
const jsonEscape = (character: string): string =>
  character === '\n'
    ? character
    : Array.from(
        { length: character.length },
        (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
      ).join('');
