/**
 * Compare two streams of bytes, whatever the sizes of their pieces. Both are closed in the end, also when the rest of one is not wanted.
 */
export async function sameBytes(
  left: AsyncIterable<Uint8Array>,
  right: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const reader = right[Symbol.asyncIterator]();
  try {
    let rest: Uint8Array = new Uint8Array();
    for await (const piece of left) {
      let expected = piece;
      while (expected.length > 0) {
        if (rest.length === 0) {
          const next = await reader.next();
          if (next.done) return false;
          rest = next.value;
        }
        const count = Math.min(expected.length, rest.length);
        if (Buffer.compare(expected.subarray(0, count), rest.subarray(0, count)) !== 0) return false;
        expected = expected.subarray(count);
        rest = rest.subarray(count);
      }
    }
    return rest.length === 0 && ((await reader.next()).done ?? false);
  } finally {
    await reader.return?.();
  }
}
