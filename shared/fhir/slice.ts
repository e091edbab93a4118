import { accessesOf, completeAccess, type Access, type AccessRules } from './access.ts';
import type { AuditEntry } from './auditEntry.ts';
import { isOwnRead } from './ownReads.ts';
import type { Paired, Pairing } from './pairing.ts';
import { targetOf } from './patientIds.ts';
import type { PatientReader } from './patientReader.ts';
import { csvRecord, fieldsOf } from './recordFields.ts';
import type { SliceLine } from './sliceEntries.ts';
import type { SliceQuarantine } from './sliceQuarantine.ts';

/** What a slice held. Every line is in exactly one of the first five numbers; an access to several patients is several records. */
export type SliceCounts = {
  /** Lines that belong to an access to named patients by a wanted interaction. */
  entries: number;
  /** Lines of the collector's own reads. */
  ownReads: number;
  /** Lines of interactions not asked for. */
  otherInteractions: number;
  /** Lines of wanted interactions that name no patient. */
  withoutPatient: number;
  /** Lines that are no audit entry; all are in quarantine. */
  malformed: number;
  /** Requests that did not succeed. */
  unsuccessful: number;
  /** Records in the export. */
  records: number;
  /** Accesses in quarantine. */
  quarantined: number;
  /** Accesses in quarantine by code; at most MAX_CODES different ones, the rest under `OTHER`. */
  codes: Record<string, number>;
};

export type SliceRules = AccessRules & {
  readonly interactions: ReadonlySet<string>;
  /** Object id of the collector's identity. */
  readonly ownOid: string;
};

export type SliceWork = {
  readonly rules: SliceRules;
  readonly pairing: Pairing;
  readonly counts: SliceCounts;
  readonly patients: Pick<PatientReader, 'read'>;
  readonly quarantine: Pick<SliceQuarantine, 'access' | 'line'>;
  /** Called between blocks: renews the claim. Ends the work by what it throws. */
  readonly pause: () => Promise<void>;
  /** Asked after every line: whether the export is to end here, and the rest to become another one. */
  readonly enough: () => boolean;
  readonly signal?: AbortSignal;
};

/** Accesses settled together: bounds memory, and gives the patient reader many ids at a time. */
const BLOCK = 1_000;
/** A log may hold a million lines and no access: the claim is renewed all the same. */
const LINES_BETWEEN_PAUSES = 10_000;
/** Codes stand in one property of a row, and each makes a line of the log. A table of headers would have to be very long for more. */
const MAX_CODES = 100;

export const noCounts = (): SliceCounts => ({
  entries: 0,
  ownReads: 0,
  otherInteractions: 0,
  withoutPatient: 0,
  malformed: 0,
  unsuccessful: 0,
  records: 0,
  quarantined: 0,
  codes: {},
});

/**
 * Turns the lines of a slice into the records of its export, as pieces of CSV without a header; what cannot become a record goes
 * to quarantine. Constant memory, whatever the slice's length and however many patients a line names. Ends before the last line, with
 * what it has read, once there was `enough`.
 */
export async function* sliceRecords(
  lines: AsyncIterable<SliceLine>,
  hour: number,
  work: SliceWork,
): AsyncGenerator<string> {
  const block: Access[] = [];
  async function* take(paired: Paired): AsyncGenerator<string> {
    // One by one: a call takes no more than some 100,000 arguments.
    for (const access of judge(paired, work)) block.push(access);
    if (block.length >= BLOCK) yield* settleBlocks(block, BLOCK, work);
  }
  let read = 0;
  for await (const line of lines) {
    if (++read % LINES_BETWEEN_PAUSES === 0) await work.pause();
    for (const paired of await sortLine(line, hour, work)) yield* take(paired);
    if (work.enough()) break;
  }
  for (const paired of work.pairing.expire(hour)) yield* take(paired);
  yield* settleBlocks(block, 1, work);
}

/** Settles blocks from the front while there are `least` accesses; gives the records of each block that has any. */
async function* settleBlocks(block: Access[], least: number, work: SliceWork): AsyncGenerator<string> {
  while (block.length >= least) {
    const records = await settle(block.splice(0, BLOCK), work);
    if (records !== '') yield records;
  }
}

async function sortLine(read: SliceLine, hour: number, work: SliceWork): Promise<Paired[]> {
  const { rules, counts, pairing, quarantine } = work;
  if (read.entry === undefined) {
    counts.malformed++;
    await quarantine.line(read.line, read.code, read.bytes, read);
    return [];
  }
  const { entry, line } = read;
  if (!rules.interactions.has(entry.interaction)) counts.otherInteractions++;
  else if (isOwnRead(entry, rules.ownOid)) counts.ownReads++;
  else if (namesNoPatient(entry)) counts.withoutPatient++;
  else {
    counts.entries++;
    const result = entry.result.toLowerCase();
    if (result === 'started') return pairing.began({ entry, line, hour });
    const succeeded = result === 'succeeded';
    if (!succeeded) counts.unsuccessful++;
    return pairing.closed({ entry, line, hour }, succeeded);
  }
  return [];
}

/** An entry without a URI may get it from its other half. */
const namesNoPatient = ({ uri }: AuditEntry): boolean => uri !== '' && targetOf(uri)?.patients.length === 0;

function judge({ entry, line, kind }: Paired, { rules }: SliceWork): Access[] {
  if (isOwnRead(entry, rules.ownOid)) return [];
  const accesses = accessesOf(entry, line, rules);
  if (kind === 'ended') return accesses;
  return accesses.map((access) => ({ ...access, faults: [...access.faults, 'NO_END'] }));
}

async function settle(block: readonly Access[], work: SliceWork): Promise<string> {
  const { counts, patients, quarantine, pause, signal } = work;
  await pause();
  // Without a user there is nothing to send, so the patient is not asked for: a misread log cannot feed itself.
  const asked = block.filter(({ patient, faults }) => patient !== '' && !faults.includes('NO_USER_HEADER'));
  const people = await patients.read(
    asked.map(({ patient }) => patient),
    signal,
  );
  let records = '';
  for (const access of block) {
    const { values, codes } = completeAccess(access, people.get(access.patient));
    if (codes.length === 0) {
      counts.records++;
      records += csvRecord(fieldsOf(values));
      continue;
    }
    counts.quarantined++;
    for (const code of codes) count(counts.codes, code);
    await quarantine.access(counts.records + counts.quarantined, access.line, codes, values);
  }
  return records;
}

function count(codes: SliceCounts['codes'], code: string): void {
  const known = Object.hasOwn(codes, code) || Object.keys(codes).length < MAX_CODES;
  const counted = known ? code : 'OTHER';
  codes[counted] = (codes[counted] ?? 0) + 1;
}
