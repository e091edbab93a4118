const LF = 0x0a;
const CR = 0x0d;

/** One line of an audit log's blob. */
export type AuditLine = {
  /** Without its line end; undefined when it is longer than allowed: then it was not kept. */
  readonly bytes: Buffer | undefined;
  /** Bytes of the line with its line end: where the next one starts. */
  readonly length: number;
  /** Ends with a line end; false for what stands after the last one. */
  readonly whole: boolean;
};

/** A longer line is no audit entry: headers, URI and claims come to some 30 KB. Bytes. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Cuts a stream of bytes into lines, keeping one line and one buffer in memory at most. What follows the last line end comes
 * last, with `whole: false`; a line longer than `maxBytes` is told by its length alone.
 */
export async function* auditLines(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes = MAX_LINE_BYTES,
): AsyncGenerator<AuditLine> {
  let kept: Buffer[] = [];
  let length = 0;
  const line = (whole: boolean): AuditLine => {
    const all = length > maxBytes ? undefined : kept.length === 1 ? kept[0]! : Buffer.concat(kept);
    const found = { bytes: all && withoutEnd(all), length, whole };
    kept = [];
    length = 0;
    return found;
  };
  for await (const piece of bytes) {
    let start = 0;
    for (let end = piece.indexOf(LF); start < piece.length; end = piece.indexOf(LF, start)) {
      const stop = end < 0 ? piece.length : end + 1;
      length += stop - start;
      // A copy: the reader may use its buffer again.
      if (length <= maxBytes) kept.push(Buffer.from(piece.subarray(start, stop)));
      else kept = [];
      start = stop;
      if (end >= 0) yield line(true);
    }
  }
  if (length > 0) yield line(false);
}

function withoutEnd(line: Buffer): Buffer {
  let end = line.length;
  if (line[end - 1] === LF) end--;
  if (line[end - 1] === CR) end--;
  return line.subarray(0, end);
}
