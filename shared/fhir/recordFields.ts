/** The connector's fields in the order of its schema (shared/schema/schemas/healthcare.json): the header of every export. */
export const RECORD_FIELDS = [
  'Creation Time',
  'Event Name',
  'Workstation Id',
  'Event Section',
  'Event Category',
  'Patient Reg Id',
  'Patient First Name',
  'Patient Middle Name',
  'Patient Last Name',
  'Patient Address Line 1',
  'Patient Address Line 2',
  'Patient City',
  'Patient Zip Code',
  'Patient State',
  'Patient Country',
  'Patient Department',
  'Restricted Access Reason',
  'Restricted Access Comment',
  'Email Address (UPN)',
  'SamAccountName',
  'Employee User Name',
  'Employee Id',
  'Employee Last Name',
  'Employee First Name',
] as const;

export type RecordField = (typeof RECORD_FIELDS)[number];

/** A record under way; a field not in it is empty. */
export type RecordValues = Partial<Record<RecordField, string>>;

/** What must not be empty in a record of the healthcare connector, beside one of the two account fields. */
export const MANDATORY_FIELDS = [
  'Creation Time',
  'Event Name',
  'Patient First Name',
  'Patient Last Name',
  'Patient Address Line 1',
  'Patient City',
  'Patient Zip Code',
] as const satisfies readonly RecordField[];

/** A record of CSV after RFC 4180, with CRLF; whoever reads it gets the very fields. */
export const csvRecord = (fields: readonly string[]): string =>
  `${fields.map((field) => (/[",\r\n]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\r\n`;

/** The record's fields in the schema's order. */
export const fieldsOf = (values: RecordValues): string[] => RECORD_FIELDS.map((field) => values[field] ?? '');
