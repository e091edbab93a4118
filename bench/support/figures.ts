const MIB = 2 ** 20;

/** The middle one; of an even number the mean of the two in the middle. @throws {Error} for none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error('There is no median of nothing.');
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** The highest. */
export const highest = (values: readonly number[]): number => Math.max(...values);

/** `digits` significant ones are plenty on a machine that does other things as well. */
export const rounded = (value: number, digits = 3): number => Number(value.toPrecision(digits));

/** MB (10^6 bytes) per second. */
export const megabytesPerSecond = (bytes: number, seconds: number): number => rounded(bytes / 1e6 / seconds);

/** Bytes as MiB. */
export const mebibytes = (bytes: number): number => Math.round(bytes / MIB);
