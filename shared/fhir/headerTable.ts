import { SettingsError } from '../errors.ts';
import { decryptHeaderValue, isEncrypted, type HeaderKeys } from './headerCipher.ts';
import { RECORD_FIELDS, type RecordField, type RecordValues } from './recordFields.ts';

/** Which custom audit header fills which field: the whole value, or one of the values that ", " joins. */
export type HeaderRule = {
  /** Name in upper case, without the prefix. */
  readonly header: string;
  /** From 1; undefined for the value as a whole. */
  readonly part?: number;
  readonly field: RecordField;
};

/** The table used unless a setting gives another. Ten names, as many as one request may carry. */
export const DEFAULT_HEADER_TABLE = [
  'USERUPN=Email Address (UPN)',
  'USERID=SamAccountName',
  'USERNAME=Employee User Name',
  'EMPLOYEEID=Employee Id',
  'USERLASTNAME=Employee Last Name',
  'USERFIRSTNAME=Employee First Name',
  'WORKSTATION=Workstation Id',
  'USERLOCATION=Patient Department',
  'ACCESSREASON=Restricted Access Reason',
  'ACCESSCOMMENT=Restricted Access Comment',
].join('; ');

const RULE = /^([\w!#$%&'*+.^`|~-]+?)(?:\[([1-9]\d?)\])?=(.+)$/;

/**
 * Reads a table written as `HEADER=Field; HEADER[2]=Field`. Of several rules for one field the first that finds a value wins.
 * @throws {SettingsError} naming the rule and what is wrong with it
 */
export function parseHeaderTable(text: string): HeaderRule[] {
  const rules = text
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '');
  return rules.map((rule, index) => {
    const [, header, part, name] = RULE.exec(rule) ?? [];
    const field = RECORD_FIELDS.find((field) => field.toLowerCase() === name?.trim().toLowerCase());
    if (header === undefined || field === undefined) throw badRule(index + 1, field === undefined);
    return { header: header.toUpperCase(), field, ...(part === undefined ? {} : { part: Number(part) }) };
  });
}

/** What the headers of one access give: values by field, and the codes of what could not be decrypted. */
export type HeaderFields = { readonly values: RecordValues; readonly faults: readonly string[] };

/** Fills fields from an entry's custom headers by the table, decrypting what is encrypted. */
export function readHeaders(
  headers: ReadonlyMap<string, string>,
  table: readonly HeaderRule[],
  keys: HeaderKeys | undefined,
): HeaderFields {
  const values: RecordValues = {};
  const faults = new Set<string>();
  for (const { header, part, field } of table) {
    const sent = headers.get(header);
    if (sent === undefined || sent === '' || values[field]) continue;
    const clear = clearParts(sent, header, keys, faults);
    const value = part === undefined ? clear.join(', ') : (clear[part - 1] ?? '');
    if (value.trim() !== '') values[field] = value.trim();
  }
  return { values, faults: [...faults] };
}

function clearParts(
  sent: string,
  header: string,
  keys: HeaderKeys | undefined,
  faults: Set<string>,
): readonly string[] {
  return sent.split(', ').map((part) => {
    if (!isEncrypted(part)) return part;
    const decrypted = decryptHeaderValue(part, header, keys);
    if (decrypted.ok) return decrypted.value;
    // Of words of ours alone: codes go into the log and the ledger. Which key it was stands in the value.
    faults.add(`${decrypted.code} ${header}`);
    // Kept as it came: once the key is there, the quarantined value can still be read.
    return part;
  });
}

const badRule = (rule: number, field: boolean): SettingsError =>
  new SettingsError({
    code: 'BAD_HEADER_TABLE',
    cause: `FHIR_HEADER_TABLE: rule ${rule} ${field ? 'names no field of the connector' : 'has no header name'}.`,
    cure: 'Write rules as HEADER=Field or HEADER[2]=Field, separated by semicolons, with the field names of docs/fhir.md.',
  });
