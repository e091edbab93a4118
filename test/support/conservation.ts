import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { JournalEntry } from '../../local/simulator/types.ts';
import { CONTAINERS, type ChunkRow, type ExportRow } from '../../shared/ledger/model.ts';
import { CHUNK_RECORDS, CONNECTOR, RECORDS_PER_REQUEST, type FaultCell } from './faultCell.ts';
import type { IssuedExport, IssuedRecord } from './issuedExport.ts';
import { countTexts, cutRecords } from './received.ts';
import { judgeReport, type Evidence, type SeenRequests } from './reportOracle.ts';

/** An export that was issued, and its id in the ledger. */
export type Sent = { readonly issued: IssuedExport; readonly id: string };

/** What the faults leave no doubt about; without it figures are bounded, not exact. */
export type Certainty = {
  /** Whether no outcome of this export can be unknown. */
  readonly outcomes?: (id: string) => boolean;
  /** Every request that was begun has reached the connector. */
  readonly requests?: boolean;
};

/** A body that the connector took. */
type Taken = { readonly entry: JournalEntry; readonly header: string; readonly records: readonly string[] };

const NORMAL_ENDS: ReadonlySet<string> = new Set(['completed', 'completedWithRefusals', 'failed']);

/**
 * The conservation oracle: what was issued against what the ledger says and what the connector took. Says what is missing,
 * spurious, altered, repeated without account, what does not add up, and what should be in quarantine and is not.
 * The live status must show the same figures.
 * @param journal requests since the first of the exports was issued
 */
export async function judgeExports(
  cell: FaultCell,
  sent: readonly Sent[],
  journal: readonly JournalEntry[],
  { outcomes = () => false, requests = false }: Certainty = {},
): Promise<string[]> {
  const taken = await takenBodies(cell, journal);
  const wrong: string[] = [];
  const issued = new Set(sent.flatMap(({ issued }) => issued.records.map(({ text }) => text)));
  for (const { header, records, entry } of taken) {
    if (sent.every(({ issued }) => issued.header !== header))
      wrong.push(`request ${entry.number}: altered header`);
    const strange = records.filter((text) => !issued.has(text));
    if (strange.length > 0)
      wrong.push(`request ${entry.number}: ${strange.length} spurious or altered records`);
  }
  for (const each of sent) wrong.push(...(await judgeExport(cell, each, taken)));
  wrong.push(
    ...(await judgeStatus(cell, sent, taken, outcomes, { seen: journal.length, certain: requests })),
  );
  return wrong;
}

async function judgeStatus(
  cell: FaultCell,
  sent: readonly Sent[],
  taken: readonly Taken[],
  certain: (id: string) => boolean,
  requests: SeenRequests,
): Promise<string[]> {
  const status = await cell.status();
  const arrivals = await Promise.all(sent.map(async ({ id }) => (await cell.view(id))?.row.arrivedAt ?? ''));
  const evidence = sent
    .filter((_, index) => (arrivals[index] ?? '') >= status.from)
    .map(({ issued, id }): Evidence => {
      const bodies = bodiesOf(issued, taken);
      const times = countTexts(bodies.flatMap(({ records }) => records));
      return { id, issued, times, gap: gapOf(bodies), certain: certain(id) };
    });
  // Requests are seen for all of the exports together.
  const all = evidence.length === sent.length;
  return judgeReport(status, evidence, all ? requests : { seen: 0, certain: false });
}

/** Records that the connector took more than once, each time after the first counted. */
export async function countRepeated(cell: FaultCell, journal: readonly JournalEntry[]): Promise<number> {
  const times = countTexts((await takenBodies(cell, journal)).flatMap(({ records }) => records));
  return [...times.values()].reduce((sum, count) => sum + count - 1, 0);
}

async function judgeExport(
  cell: FaultCell,
  { issued, id }: Sent,
  taken: readonly Taken[],
): Promise<string[]> {
  const view = await cell.view(id);
  if (view === undefined) return [`${issued.blobName}: the ledger does not know it`];
  const { row } = view;
  const chunks = await cell.ledger.chunks(id);
  const bodies = bodiesOf(issued, taken);
  const times = countTexts(bodies.flatMap(({ records }) => records));
  const wrong = [
    ...judgeTally(row, chunks),
    ...judgeTaken(row, issued.records, times),
    ...judgeGap(row, bodies),
    ...judgeSettled(cell, id, issued, bodies),
    ...(await judgeQuarantine(cell, row, issued, chunks)),
  ];
  if (wrong.length > 0) {
    wrong.push(
      chunks
        .map(({ chunk, state, batches, accepted }) => `${chunk} ${state} ${batches} ${accepted}`)
        .join(', '),
    );
  }
  return wrong.map((words) => `${issued.blobName}: ${words}`);
}

/** The bodies that hold records of an export. */
function bodiesOf({ records }: IssuedExport, taken: readonly Taken[]): Taken[] {
  const own = new Set(records.map(({ text }) => text));
  return taken.filter(({ records }) => records.some((text) => own.has(text)));
}

/** Records that the connector said it had not saved. */
const gapOf = (bodies: readonly Taken[]): number =>
  bodies.reduce((sum, { entry }) => sum + entry.records - (entry.recordsSaved ?? entry.records), 0);

/** Invariant 1, for the export and for each chunk. */
function judgeTally(row: ExportRow, chunks: readonly ChunkRow[]): string[] {
  const rest = (tally: ExportRow | ChunkRow): number =>
    tally.records - tally.accepted - tally.quarantined - tally.failed;
  return [
    ...(NORMAL_ENDS.has(row.state) ? [] : [`it ended ${row.state}`]),
    ...(rest(row) === 0 ? [] : [`the export does not add up by ${rest(row)}`]),
    ...chunks.filter((chunk) => rest(chunk) !== 0).map((chunk) => `chunk ${chunk.chunk} does not add up`),
    ...(row.pinned ? ['its pin was not dropped'] : []),
  ];
}

/** Invariants 2 and 3: every accepted record received, none that was refused, repetitions accounted for. */
function judgeTaken(row: ExportRow, records: readonly IssuedRecord[], times: Map<string, number>): string[] {
  const good = records.filter(({ kind }) => kind === 'good');
  const lost = good.filter(({ text }) => !times.has(text)).map(({ number }) => number);
  const unwanted = records.filter(({ kind, text }) => kind !== 'good' && times.has(text)).length;
  const repeated = good.reduce((sum, { text }) => sum + Math.max(0, (times.get(text) ?? 0) - 1), 0);
  return [
    ...(row.records === records.length ? [] : [`${row.records} records, not ${records.length}`]),
    ...(lost.length > 0 ? [`records ${lost.join()} lost`] : []),
    ...(unwanted > 0 ? [`${unwanted} refused records were taken all the same`] : []),
    ...(repeated > row.possiblyDuplicated
      ? [`${repeated} repeated, ${row.possiblyDuplicated} accounted for`]
      : []),
    ...(row.accepted + row.failed === good.length
      ? []
      : [`${row.accepted} accepted and ${row.failed} failed of ${good.length} good`]),
  ];
}

/** What the connector says it did not save is failed, and nothing else is. */
function judgeGap(row: ExportRow, bodies: readonly Taken[]): string[] {
  const gap = gapOf(bodies);
  return row.failed <= gap ? [] : [`${row.failed} failed, a gap of ${gap}`];
}

/** What the ledger has as settled is not sent again. */
function judgeSettled(
  cell: FaultCell,
  id: string,
  { records }: IssuedExport,
  bodies: readonly Taken[],
): string[] {
  const numbers = new Map(records.map(({ text, number }) => [text, number]));
  return bodies.flatMap(({ entry, records: [text = ''] }) => {
    const at = (numbers.get(text) ?? 1) - 1;
    const chunk = Math.floor(at / CHUNK_RECORDS) + 1;
    const batch = Math.floor((at % CHUNK_RECORDS) / RECORDS_PER_REQUEST);
    const settledAt = cell.tap.settledAt(id, chunk, batch) ?? Number.POSITIVE_INFINITY;
    return settledAt < entry.at
      ? [`request ${entry.number} sent batch ${batch} of chunk ${chunk} although it was settled`]
      : [];
  });
}

/** Exactly the refused records lie in quarantine, with their numbers, as they came. */
async function judgeQuarantine(
  cell: FaultCell,
  { exportId }: ExportRow,
  { records }: IssuedExport,
  chunks: readonly ChunkRow[],
): Promise<string[]> {
  const files = new Map<number, string>();
  for await (const { name } of cell.storage.blobs.list(CONTAINERS.quarantine, `${CONNECTOR}/`)) {
    if (name.includes(exportId)) files.set(Number.parseInt(path.basename(name)), await textOf(cell, name));
  }
  return chunks.flatMap(({ chunk, firstRecord, records: count }) => {
    const refused = records
      .slice(firstRecord - 1, firstRecord - 1 + count)
      .filter(({ kind }) => kind !== 'good');
    const [, ...lines] = cutRecords(files.get(chunk) ?? '');
    const numbers = lines.map((line) => Number.parseInt(line)).join();
    if (numbers !== refused.map(({ number }) => number).join())
      return [`chunk ${chunk}: ${numbers} in quarantine, not ${refused.map(({ number }) => number).join()}`];
    return refused.every(({ text }, index) => lines[index]?.endsWith(`,${text}`))
      ? []
      : [`chunk ${chunk}: a record in quarantine is not as it came`];
  });
}

async function textOf(cell: FaultCell, name: string): Promise<string> {
  const address = { container: CONTAINERS.quarantine, name };
  const bytes = (await cell.storage.blobs.facts(address))?.bytes ?? 0;
  const pieces: Uint8Array[] = [];
  for await (const piece of cell.storage.blobs.read(address, { start: 0, end: bytes })) {
    pieces.push(Uint8Array.from(piece));
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function takenBodies(cell: FaultCell, journal: readonly JournalEntry[]): Promise<Taken[]> {
  const taken: Taken[] = [];
  for (const entry of journal) {
    if (!entry.accepted || entry.file === undefined) continue;
    const text = await readFile(path.join(cell.receivedFolder, entry.jobId, entry.file), 'utf8');
    const [header = '', ...records] = cutRecords(text);
    taken.push({ entry, header, records });
  }
  return taken;
}
