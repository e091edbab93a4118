import { HEADER_COLUMNS } from './healthcare.ts';

/** Line ends as exports from machines of every age mix them. */
const LINE_ENDS = ['\r\n', '\n'] as const;

export type AwkwardExport = {
  readonly text: string;
  readonly header: string;
  readonly records: readonly string[];
};

/**
 * A valid export of every awkward kind at once: BOM, delimiters, doubled quotes and line breaks inside quotes, mixed line ends,
 * blank lines, multi-byte characters, no final line end. Each record carries its number, so none looks like another.
 */
export function awkwardExport(count: number, delimiter = ','): AwkwardExport {
  const header = `${HEADER_COLUMNS.join(delimiter)}\r\n`;
  const records = Array.from({ length: count }, (_, index) => {
    const lineEnd = index === count - 1 ? '' : (LINE_ENDS[index % 3 === 0 ? 1 : 0] ?? '\n');
    return `${record(index + 1)
      .map((field) => (/[,|\t"\r\n;]/.test(field) ? quote(field) : field))
      .join(delimiter)}${lineEnd}`;
  });
  const text = `\uFEFF${header}${records.map((each, index) => (index % 11 === 10 ? `\r\n${each}` : each)).join('')}`;
  return { text, header, records };
}

const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;

function record(number: number): string[] {
  const fields: Record<string, string> = {
    'Creation Time': `2025-11-2${String(number % 9)}T08:15:00Z`,
    'Event Name': `Access ${String(number)}`,
    'Patient First Name': ['Zoë', 'Łukasz', '美咲', 'O"Neil'][number % 4] ?? '',
    'Patient Last Name': ['Müller, jun.', 'Nowak', '田中', 'van "der" Berg'][number % 4] ?? '',
    'Patient Address Line 1':
      ['1 Main St\nRear', '2 | Side', '3\tTab Way', '4; Semi\r\nColon'][number % 4] ?? '',
    'Patient City': ['""', 'Kraków', '東京', '\n'][number % 4] ?? '',
    'Patient Zip Code': '00-950',
    'Restricted Access Reason': number % 5 === 0 ? 'Care, "urgent"\r\n\r\nsee note' : '',
    'Email Address (UPN)': `user${String(number)}@hospital.example`,
    'Employee Id': `E${String(number)}`,
  };
  return HEADER_COLUMNS.map((column) => fields[column] ?? '');
}
