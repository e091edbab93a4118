import type { Reason } from '../errors.ts';

/** Marks a completed export of 0 records. */
export const NO_RECORDS: Reason = {
  code: 'NO_RECORDS',
  cause: 'The export holds a header and no records.',
  cure: 'Nothing, if a day without records is right; else look for the cause in the EHR system.',
};
