import type { Reason } from '../errors.ts';

const CURE = 'Export shorter periods, each to a file of its own.';

/** An export that has more bytes than `limit`, as it came. */
export const tooLarge = (bytes: number, limit: number): Reason => ({
  code: 'TOO_LARGE',
  cause: `The export has ${bytes} bytes, more than ${limit} (setting MAX_EXPORT_BYTES).`,
  cure: CURE,
});

/** An export that has more bytes than `limit` once it is unpacked; how many, nobody waits for. */
export const unpacksTooLarge = (limit: number): Reason => ({
  code: 'TOO_LARGE',
  cause: `Unpacked, the export is larger than ${limit} bytes (setting MAX_EXPORT_BYTES).`,
  cure: CURE,
});

/** An export of more records than `limit`. */
export const tooManyRecords = (limit: number): Reason => ({
  code: 'TOO_MANY_RECORDS',
  cause: `The export holds more than ${limit} records (setting MAX_EXPORT_RECORDS).`,
  cure: CURE,
});
