import { isUtf8 } from 'node:buffer';
import { parseAuditEntry, type AuditEntry } from './auditEntry.ts';
import { auditLines } from './auditLines.ts';

/** How far a blob was read: offset behind the last line, and that line's number. Moved by `sliceLines`. */
export type Cursor = { end: number; line: number };

/** One line of a slice: an entry, or what is wrong with it. */
export type SliceLine =
  | { readonly line: number; readonly entry: AuditEntry }
  | {
      readonly line: number;
      readonly entry?: undefined;
      readonly code: 'BAD_LINE' | 'LINE_TOO_LONG';
      /** Undefined for a line too long to keep. */
      readonly bytes: Uint8Array | undefined;
      /** Where it lies in the blob, bytes. */
      readonly start: number;
      readonly end: number;
    };

/**
 * The lines of a slice from the cursor on; blank ones are counted and passed over. What follows the last line end is a line
 * only when `tail` says so; else it is left for a later slice, and the cursor before it.
 */
export async function* sliceLines(
  bytes: AsyncIterable<Uint8Array>,
  cursor: Cursor,
  tail: boolean,
): AsyncGenerator<SliceLine> {
  for await (const { bytes: content, length, whole } of auditLines(bytes)) {
    // What is too long already will not become an entry with its rest: waiting for that would hold up the blob for ever.
    if (!whole && !tail && content !== undefined) return;
    const start = cursor.end;
    cursor.end += length;
    cursor.line++;
    if (content === undefined) {
      yield { ...cursor, code: 'LINE_TOO_LONG', bytes: undefined, start };
      continue;
    }
    const text = content.toString('utf8').replace(/^\uFEFF/, '');
    if (text.trim() === '') continue;
    // JSON.parse would take U+FFFD for what was no UTF-8, and a name would come out wrong.
    const entry = isUtf8(content) ? parseAuditEntry(text) : undefined;
    yield entry === undefined
      ? { ...cursor, code: 'BAD_LINE', bytes: content, start }
      : { line: cursor.line, entry };
  }
}
