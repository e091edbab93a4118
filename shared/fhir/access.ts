import type { AuditEntry } from './auditEntry.ts';
import { auditTime } from './auditTime.ts';
import { readHeaders, type HeaderRule } from './headerTable.ts';
import type { HeaderKeys } from './headerCipher.ts';
import { targetOf } from './patientIds.ts';
import { MANDATORY_FIELDS, type RecordValues } from './recordFields.ts';

/** One user's access to one patient: a record under way. */
export type Access = {
  /** Line of the hour's blob. */
  readonly line: number;
  /** Logical id of the patient; '' when it is not known. */
  readonly patient: string;
  readonly values: RecordValues;
  /** Why it cannot be sent, as far as the entry tells: codes of docs/fhir.md. */
  readonly faults: readonly string[];
};

export type AccessRules = {
  readonly table: readonly HeaderRule[];
  readonly keys: HeaderKeys | undefined;
};

/** Interactions that show a patient's data, as the audit log names them; changes (`update`, `patch` …) can be added by setting. */
export const DEFAULT_INTERACTIONS =
  'read, vread, search, search-type, search-system, search-compartment, history, history-instance, everything, patient-everything, export, patient-export, summary, docref';

/** What a part of an interaction's name says of its kind: `patient-export` is an export. */
const KINDS: readonly (readonly [part: string, category: string])[] = [
  ['search', 'Search'],
  ['history', 'History'],
  ['export', 'Export'],
  ['create', 'Change'],
  ['update', 'Change'],
  ['patch', 'Change'],
  ['delete', 'Change'],
];

/**
 * The accesses of one request, one for each patient that its URI names.
 * Event Name is interaction and resource (`read Patient`), Event Section the resource, Event Category the kind of interaction; headers
 * named for these fields in the table go before.
 */
export function accessesOf(entry: AuditEntry, line: number, { table, keys }: AccessRules): Access[] {
  const target = targetOf(entry.uri);
  const resource = entry.resourceType || target?.resourceType || '';
  const headers = readHeaders(entry.headers, table, keys);
  const time = auditTime(entry.time);
  const values: RecordValues = {
    'Creation Time': time ?? '',
    'Event Name': `${entry.interaction} ${resource}`.trim(),
    'Event Section': resource,
    'Event Category': KINDS.find(([part]) => entry.interaction.includes(part))?.[1] ?? 'Access',
    ...headers.values,
  };
  const faults = [...headers.faults];
  if (time === undefined) faults.push('BAD_TIME');
  if (!values['Email Address (UPN)'] && !values.SamAccountName) faults.push('NO_USER_HEADER');
  const patients = target?.patients ?? [];
  return (patients.length === 0 ? [''] : patients).map((patient) => ({
    line,
    patient,
    values: { ...values, 'Patient Reg Id': patient },
    faults: patient === '' ? [...faults, 'NO_PATIENT'] : faults,
  }));
}

/**
 * The access with its patient's name and address, `undefined` when the service has no such patient, and all that keeps it from being sent:
 * an empty list means a record.
 */
export function completeAccess(
  { values, faults, patient }: Access,
  person: RecordValues | undefined,
): { readonly values: RecordValues; readonly codes: readonly string[] } {
  const complete = { ...person, ...values };
  if (patient === '' || faults.includes('NO_USER_HEADER')) return { values: complete, codes: faults };
  if (person === undefined) return { values: complete, codes: [...faults, 'PATIENT_GONE'] };
  const missing = MANDATORY_FIELDS.filter((field) => !complete[field]?.trim() && field !== 'Creation Time');
  return { values: complete, codes: [...faults, ...missing.map((field) => `MISSING_VALUE ${field}`)] };
}
