import { generateMersenne53Randomizer } from '@faker-js/faker';
import { DEFECTS, type DefectName, type DefectRule } from './defects.ts';
import { makePools } from './pools.ts';

export type Format = 'csv' | 'psv' | 'tsv';

export type GenerateOptions = {
  readonly records: number;
  readonly seed?: number;
  readonly format?: Format;
  readonly defects?: readonly DefectRule[];
  /** UTC ms of the last access; accesses lie in the 24 hours before it. */
  readonly until?: number;
};

export const DELIMITERS: Readonly<Record<Format, string>> = { csv: ',', psv: '|', tsv: '\t' };
export const DEFAULT_SEED = 42;
/** A fixed day, so that the same seed gives the same bytes on any day. */
const DEFAULT_UNTIL = Date.UTC(2025, 10, 21, 23, 59, 59);
const DAY_MS = 86_400_000;
const FLUSH_BYTES = 1 << 20;

const HEADER =
  'Creation Time;Event Name;Workstation Id;Event Section;Event Category;Patient Reg Id;Patient First Name;Patient Middle Name;' +
  'Patient Last Name;Patient Address Line 1;Patient Address Line 2;Patient City;Patient Zip Code;Patient State;' +
  'Patient Country;Patient Department;Restricted Access Reason;Restricted Access Comment;Email Address (UPN);' +
  'SamAccountName;Employee User Name;Employee Id;Employee Last Name;Employee First Name';

/**
 * A synthetic EHR audit export, about 385 bytes a record: quoted fields, doubled quotes, line breaks inside quotes, names of
 * several languages. The same options give the same bytes.
 *
 * @yields buffers of about 1 MiB
 */
export function* generateExport({
  records,
  seed = DEFAULT_SEED,
  format = 'csv',
  defects = [],
  until = DEFAULT_UNTIL,
}: GenerateOptions): Generator<Buffer> {
  const delimiter = DELIMITERS[format];
  const escapeField = fieldWriter(delimiter);
  const pools = makePools(seed, delimiter, escapeField);
  const random = generateMersenne53Randomizer(seed);
  const pick = (pool: readonly string[]): string => pool[Math.floor(random.next() * pool.length)] ?? '';
  const defectOf = defectPicker(defects, records, () => random.next());

  let text = `${HEADER.split(';').map(escapeField).join(delimiter)}\r\n`;
  for (let record = 0; record < records; record += 1) {
    const time = new Date(until - DAY_MS + Math.floor((record / records) * DAY_MS)).toISOString();
    const parts = [
      time,
      pick(pools.events),
      pick(pools.patients),
      pick(pools.reasons),
      pick(pools.employees),
    ];
    const defect = defectOf(record);
    text += defect ? spoil(parts, defect, delimiter) : parts.join(delimiter);
    text += '\r\n';
    if (text.length >= FLUSH_BYTES) {
      yield Buffer.from(text, 'utf8');
      text = '';
    }
  }
  if (text !== '') yield Buffer.from(text, 'utf8');
}

function fieldWriter(delimiter: string): (value: string) => string {
  const special = new RegExp(`[${delimiter === '|' ? '\\|' : delimiter}"\r\n]`);
  return (value) => (special.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
}

/** Defects work on a plain record: one whose fields need no quoting. */
function spoil(parts: readonly string[], defect: DefectName, delimiter: string): string {
  const [time = '', ...rest] = parts;
  const plain = rest.join(delimiter).replaceAll(/"[^"]*(?:""[^"]*)*"/g, 'plain');
  return DEFECTS[defect]([time, ...plain.split(delimiter)]).join(delimiter);
}

function defectPicker(
  rules: readonly DefectRule[],
  records: number,
  random: () => number,
): (record: number) => DefectName | undefined {
  const fixed = new Map<number, DefectName>();
  for (const { name, count = 0 } of rules) {
    for (let index = 0; index < Math.min(count, records); index += 1) {
      let record = Math.floor(((index + 0.5) / count) * records);
      while (fixed.has(record) && fixed.size < records) record = (record + 1) % records;
      fixed.set(record, name);
    }
  }
  const shares = rules.filter((rule) => rule.share !== undefined);
  return (record) => {
    const chosen = fixed.get(record);
    if (chosen !== undefined) return chosen;
    return shares.find(({ share = 0 }) => random() < share)?.name;
  };
}
