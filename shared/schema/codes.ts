import type { Level } from './types.ts';

/** What a record can be found at fault for. */
export type CodeEntry = {
  /** What happens unless a mapping file or the schema says otherwise. */
  readonly level: Level;
  /** One sentence: what the code says of the record. */
  readonly meaning: string;
  /** One sentence: what to do. */
  readonly cure: string;
  /**
   * A record at fault, under EXAMPLE_COLUMNS; each character is one byte. Undefined where no short example can show it.
   * Made up, as all values in here.
   */
  readonly example?: string;
};

/** The columns of the examples: the fields that a healthcare export must have. */
export const EXAMPLE_COLUMNS =
  'Creation Time,Event Name,Patient First Name,Patient Last Name,Patient Address Line 1,Patient City,Patient Zip Code,Restricted Access Reason,Email Address (UPN),SamAccountName';

/** Every code a record can be found at fault for, in the order in which they are looked for. Codes are permanent. */
export const RECORD_CODES = {
  RECORD_TOO_LONG: {
    level: 'refuse',
    meaning: 'The record is longer than `MAX_RECORD_BYTES`; usually a quote that swallowed what follows.',
    cure: 'Look at the export at the bytes that the quarantine file names; if the record is right, raise the setting.',
  },
  COLUMN_COUNT: {
    level: 'refuse',
    meaning:
      'The record has more or fewer fields than the header has columns, so its values cannot be told apart.',
    cure: 'Quote fields that hold the delimiter or a line break, or export them without.',
    example:
      '2026-11-20T08:15:00Z,View chart,Ann,Doe,1 Main St, Apt 4,Springfield,12345,,ann@example.org,adoe',
  },
  STRAY_QUOTE: {
    level: 'refuse',
    meaning: 'A quoted field goes on after its closing quote, so readers disagree on what it holds.',
    cure: 'Double each quote inside a quoted field.',
    example:
      '2026-11-20T08:15:00Z,View chart,Ann,Doe,"The "Old" Mill",Springfield,12345,,ann@example.org,adoe',
  },
  CONTROL_CHARACTER: {
    level: 'refuse',
    meaning: 'The record holds a control character (NUL, escape, …) other than a tab or a line end.',
    cure: 'Remove it in the EHR system, or have the export leave control characters out.',
    example: '2026-11-20T08:15:00Z,View chart,Ann,Doe,1 Main St,Spring\x00field,12345,,ann@example.org,adoe',
  },
  LONE_CR: {
    level: 'refuse',
    meaning:
      'A carriage return stands outside quotes without a line feed after it; some readers end the record there.',
    cure: 'Export with CRLF or LF line ends, and quote fields that hold line breaks.',
    example:
      '2026-11-20T08:15:00Z,View chart,Ann,Doe,1 Main St\rApt 4,Springfield,12345,,ann@example.org,adoe',
  },
  INVALID_UTF8: {
    level: 'refuse',
    meaning: 'The export is UTF-8, but bytes of this record are not; they cannot be sent as text.',
    cure: 'Export everything in one encoding; force `encoding` in the mapping file if it is Windows-1252 throughout.',
    example: '2026-11-20T08:15:00Z,View chart,Ann,Doe,1 Main St,M\xfcnchen,12345,,ann@example.org,adoe',
  },
  MISSING_VALUE: {
    level: 'refuse',
    meaning: 'A mandatory field is empty (or holds blanks only).',
    cure: 'Have the EHR system fill it; where empty is right, set `emptyValue` of the field to `warn` or `off`.',
    example: '2026-11-20T08:15:00Z,View chart,Ann,Doe,1 Main St,,12345,,ann@example.org,adoe',
  },
  TOO_LONG: {
    level: 'refuse',
    meaning: 'A value is longer than the field takes (`maxBytes` of the schema).',
    cure: 'Shorten it in the EHR system; often a quote is missing and the field swallowed others.',
    example: `2026-11-20T08:15:00Z,View chart,Ann,Doe,1 Main St,Springfield,12345,,ann@example.org,${'adoe'.repeat(257)}`,
  },
  BAD_TIME: {
    level: 'refuse',
    meaning:
      'The value is no time in any of the accepted formats, or lies before 1990 or more than 24 hours after the export arrived.',
    cure: 'Add the format to `timeFormats` in the mapping file, or correct the clock or the column.',
    example: '20 November,View chart,Ann,Doe,1 Main St,Springfield,12345,,ann@example.org,adoe',
  },
  BAD_EMAIL: {
    level: 'refuse',
    meaning: 'The value is no e-mail address or user principal name.',
    cure: 'Correct it, or map the column to `SamAccountName` or `Employee User Name` if it holds account names.',
    example: '2026-11-20T08:15:00Z,View chart,Ann,Doe,1 Main St,Springfield,12345,,ann at example.org,adoe',
  },
  NO_ACCOUNT: {
    level: 'refuse',
    meaning: 'Neither `Email Address (UPN)` nor `SamAccountName` is filled, so the access belongs to nobody.',
    cure: 'Have the EHR system export one of the two for every user, service accounts included.',
    example: '2026-11-20T08:15:00Z,View chart,Ann,Doe,1 Main St,Springfield,12345,,,',
  },
} as const satisfies Record<string, CodeEntry>;

/** A code of RECORD_CODES. */
export type RecordCode = keyof typeof RECORD_CODES;

/** Set aside because the connector's service refused the record; its words follow in the quarantine file. No level to set. */
export const SERVICE_REFUSED = 'SERVICE_REFUSED';
