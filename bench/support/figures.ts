/** The middle one; of an even number the mean of the two in the middle. @throws {Error} for none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error('There is no median of nothing.');
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Three significant digits are plenty on a machine that does other things as well. */
export const rounded = (value: number): number => Number(value.toPrecision(3));

/** MB (10^6 bytes) per second. */
export const megabytesPerSecond = (bytes: number, seconds: number): number => rounded(bytes / 1e6 / seconds);
