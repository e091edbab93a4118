import schema from '../../shared/schema/schemas/healthcare.json' with { type: 'json' };

/** The schema's field names in its order: the header of a well-behaved export. */
export const HEADER_COLUMNS: readonly string[] = schema.fields.map(({ name }) => name);

/** A header line and plain valid records, CRLF ended. `values` overrides fields by name. */
export function plainExport(
  count: number,
  values: (number: number) => Record<string, string> = () => ({}),
): string {
  const lines = Array.from({ length: count }, (_, index) => plainRecord(index + 1, values(index + 1)));
  return [HEADER_COLUMNS.join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

/** One plain valid record without line end. */
export function plainRecord(number: number, values: Record<string, string> = {}): string {
  const fields: Record<string, string> = {
    'Creation Time': '2025-11-20T08:15:00Z',
    'Event Name': `Access ${String(number)}`,
    'Patient First Name': 'Ann',
    'Patient Last Name': `Patient${String(number)}`,
    'Patient Address Line 1': '1 Main St',
    'Patient City': 'Springfield',
    'Patient Zip Code': '12345',
    'Email Address (UPN)': `user${String(number)}@hospital.example`,
    ...values,
  };
  return HEADER_COLUMNS.map((column) => fields[column] ?? '').join(',');
}
