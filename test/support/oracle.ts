import { listChunks } from '../../shared/ledger/chunks.ts';
import { CANARY, type MadeExport } from './deliveryExport.ts';
import type { DeliveryWorld } from './deliveryWorld.ts';

/** What is wrong with the outcome of an export; empty when every promise was kept. */
export type Verdict = string[];

/**
 * The conservation oracle: compares what was issued with what the ledger says and what the service took. Missing, spurious,
 * altered, repeated without account, figures that do not add up, records not in quarantine, data where none may be.
 */
export async function judgeWorld(world: DeliveryWorld): Promise<Verdict> {
  const wrong: Verdict = [];
  const known = new Map(
    world.exports.flatMap(({ records }) => records.map((record) => [record.line, record] as const)),
  );
  for (const line of world.service.taken.keys()) {
    const record = known.get(line);
    if (record === undefined) wrong.push('spurious or altered record taken by the service');
    else if (record.kind !== 'good')
      wrong.push(`record ${record.number} was taken although it is ${record.kind}`);
  }
  for (const made of world.exports) wrong.push(...(await judgeExport(world, made)));
  if (world.poisoned.length > 0)
    wrong.push(`${world.poisoned.length} poisoned: ${String((world.poisoned[0] as Error).stack)}`);
  if (world.logged.some(({ event }) => event === 'sweep.exportFailed')) wrong.push('the sweep failed');
  if (shown(world).includes(CANARY)) wrong.push('a value of a record is in the ledger, a message or a log');
  return wrong;
}

async function judgeExport(world: DeliveryWorld, made: MadeExport): Promise<Verdict> {
  const wrong: Verdict = [];
  const row = world.exportRow(made.row);
  const { records, accepted, quarantined, failed, possiblyDuplicated, state } = row;
  const chunks = (await listChunks(world.tables.chunks, row.exportId)).map(({ row }) => row);
  const times = (line: string): number => world.service.taken.get(line) ?? 0;
  const good = made.records.filter(({ kind }) => kind === 'good');
  const taken = good.filter(({ line }) => times(line) > 0).length;
  const repeated = good.reduce((sum, { line }) => sum + Math.max(0, times(line) - 1), 0);

  if (!['completed', 'completedWithRefusals', 'failed', 'cancelled', 'sourceLost'].includes(state)) {
    const where = chunks.map(
      (chunk) =>
        `${chunk.chunk}:${chunk.state}:${chunk.batches}:${chunk.reason?.code ?? ''}:${chunk.dueAt ?? ''}`,
    );
    wrong.push(`stuck: the export is ${state}, chunks ${where.join(' ')}`);
    return wrong;
  }
  if (accepted + quarantined + failed !== records)
    wrong.push(`${accepted} + ${quarantined} + ${failed} are not ${records}`);
  if (taken < accepted) wrong.push(`missing: ${accepted} accepted, ${taken} taken`);
  if (failed === 0 && taken !== good.length)
    wrong.push(`missing: ${good.length} good, ${taken} taken, none failed`);
  if (failed === 0 && quarantined !== records - good.length)
    wrong.push(`${quarantined} in quarantine, not ${records - good.length}`);
  if (repeated > possiblyDuplicated) wrong.push(`${repeated} repeated, ${possiblyDuplicated} accounted for`);
  for (const chunk of chunks) {
    if (chunk.accepted + chunk.quarantined + chunk.failed !== chunk.records)
      wrong.push(`chunk ${chunk.chunk} does not add up`);
    if (chunk.state === 'delivered') wrong.push(...judgeQuarantine(world, made, chunk.chunk));
  }
  return wrong;
}

/** The quarantine file of a chunk holds its refused records, all of them, as they came, and nothing else. */
function judgeQuarantine(world: DeliveryWorld, made: MadeExport, number: number): Verdict {
  const { firstRecord, records } = made.chunks[number - 1]!;
  const refused = made.records
    .slice(firstRecord - 1, firstRecord - 1 + records)
    .filter(({ kind }) => kind !== 'good');
  const suffix = `${made.row.exportId}/${String(number).padStart(6, '0')}.csv`;
  const address = world.blobs.addresses('quarantine').find(({ name }) => name.endsWith(suffix));
  const text = address === undefined ? '' : world.blobs.content(address)!.toString('utf8');
  const numbers = [...text.matchAll(/^(\d+),\d+,/gmu)].map(([, digits]) => Number(digits));
  if (numbers.join() !== refused.map(({ number }) => number).join()) {
    return [
      `chunk ${number}: ${numbers.join()} in quarantine, not ${refused.map(({ number }) => number).join()}`,
    ];
  }
  if (!refused.every(({ line }) => text.includes(`,${line}`)))
    return [`chunk ${number}: a record in quarantine is not as it came`];
  // They are kept until the export ends: a replay after that knows them no more.
  const isKept = world.exportRow(made.row).replays === undefined;
  const silent = refused.filter(
    ({ kind, number }) =>
      kind === 'offending' && !new RegExp(`^${number},\\d+,SERVICE_REFUSED cannot read`, 'mu').test(text),
  );
  return isKept && silent.length > 0
    ? [`chunk ${number}: the service's words of ${silent.length} are lost`]
    : [];
}

/** Everything that somebody without the right to see patient data may see. */
function shown(world: DeliveryWorld): string {
  const rows = Object.values(world.tables).flatMap((table) => table.rows());
  return JSON.stringify([rows, world.queue.texts(), world.logged, world.results]);
}
