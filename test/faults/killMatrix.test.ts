import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RECORDS_PER_REQUEST, type FaultCell } from '../support/faultCell.ts';
import { countRepeated, judgeExports } from '../support/conservation.ts';
import { FaultRig } from '../support/faultRig.ts';
import { inCells } from '../support/inCells.ts';
import { issueExport, REFUSING_RULE } from '../support/issuedExport.ts';
import { seededRandom } from '../support/virtualClock.ts';

/** SIGKILL of the process that makes a call: before the service sees it, or after it took effect and before it is answered. */
type Kill = { readonly kind: string; readonly nth: number; readonly when: 'before' | 'after' };

/** Every kind of call that the functions and their host make, and how many of each one after the other are worth a kill. */
const CALLS: Readonly<Record<string, number>> = {
  'blob exports.facts': 1,
  'blob exports.factsOfSnapshot': 1,
  'blob exports.list': 1,
  'blob exports.read': 2,
  'blob exports.removeSnapshot': 1,
  'blob exports.snapshot': 1,
  'blob hostblobreceipts.facts': 1,
  'blob hostblobreceipts.lease': 2,
  'blob hostblobreceipts.metadata': 1,
  'blob hostblobreceipts.write': 1,
  'blob quarantine.facts': 1,
  'blob quarantine.write': 1,
  'blob staging.facts': 1,
  'blob staging.list': 1,
  'blob staging.remove': 1,
  'blob staging.write': 1,
  'connector signals.post': 4,
  'queue chunks-poison.remove': 1,
  'queue chunks-poison.send': 1,
  'queue chunks-poison.take': 1,
  'queue chunks.hide': 1,
  'queue chunks.remove': 2,
  'queue chunks.send': 3,
  'queue chunks.take': 1,
  'queue host.remove': 1,
  'queue host.send': 1,
  'queue host.take': 1,
  'table chunks.get': 2,
  'table chunks.insert': 1,
  'table chunks.insertMany': 1,
  'table chunks.list': 2,
  'table chunks.replace': 6,
  'table connectors.get': 2,
  'table contents.get': 1,
  'table contents.insert': 1,
  'table exports.get': 2,
  'table exports.insert': 1,
  'table exports.list': 1,
  'table exports.replace': 4,
  'table marks.get': 1,
  'table marks.insert': 1,
  'table marks.replace': 1,
};
/** Made once in the life of an account or a process, or only when a message takes long: not for each export. */
const NOW_AND_THEN: readonly string[] = [
  'blob host.make',
  'blob hostlocks.lease',
  'blob hostlocks.write',
  'blob hosttimers.read',
  'blob hosttimers.write',
  // Words of the service that another process heard.
  'blob staging.read',
  'queue chunks-poison.make',
  'queue chunks-poison.hide',
  'queue host.hide',
  'queue host.make',
  'queue chunks.take (empty)',
  'table connectors.insert',
  'table connectors.replace',
  // By a split that died after it had claimed its content.
  'table contents.replace',
];
const MAX_IN_FLIGHT = 4;
/** At once: alone, and with two processes each. */
const CELLS = [6, 4] as const;

let rig: FaultRig;
before(async () => void (rig = await FaultRig.start(CELLS[0] + CELLS[1] + 1)));
after(() => rig.stop());

/** Alone each of them; with a second process, which takes over what the first one leaves, the first call of each kind. */
const kills = (processes: number): Kill[] =>
  Object.entries(CALLS).flatMap(([kind, most]) =>
    Array.from({ length: processes === 1 ? most : 1 }, (_, index) => index + 1).flatMap((nth) => [
      { kind, nth, when: 'before' } as const,
      { kind, nth, when: 'after' } as const,
    ]),
  );

let exports = 0;

/** Deliver an export with refused records of both kinds, and a message that is garbage, under the kills; judge the outcome. */
async function deliver(cell: FaultCell, deaths: readonly Kill[]): Promise<string[]> {
  exports++;
  const shape = {
    blobName: `healthcare/kill-${exports}.csv`,
    records: 42,
    recordsPerRequest: RECORDS_PER_REQUEST,
  };
  const issued = issueExport({ ...shape, invalid: 0.1, refusedBatches: 0.3 }, seededRandom(5));
  const before = await cell.journal();
  await cell.simulator.setFaults(REFUSING_RULE);
  const run = (instance: number): void => cell.kill(instance);
  cell.proxy.setFaults(deaths.map((death) => ({ ...death, effect: { do: 'run', run } as const })));
  await cell.message(Buffer.from('garbage').toString('base64'));
  const id = await cell.put(issued);
  await cell.ended(id);
  await cell.hit();
  await cell.restarted();
  cell.proxy.setFaults([]);
  const journal = (await cell.journal(before.length)).filter(({ kind }) => kind === 'signal');
  const wrong = await judgeExports(cell, [{ issued, id }], journal);
  const repeated = await countRepeated(cell, journal);
  const most = deaths.length * MAX_IN_FLIGHT * RECORDS_PER_REQUEST;
  if (repeated > most) wrong.push(`${repeated} repeated by ${deaths.length} kills`);
  if (cell.tap.leaks.length > 0) wrong.push(`a record's value went to ${cell.tap.leaks.join()}`);
  return wrong;
}

for (const processes of [1, 2] as const) {
  test(`killed before and after every kind of call, ${processes} process(es): no loss, repeated only what was in flight`, async () => {
    const cells = await Promise.all(
      Array.from({ length: CELLS[processes - 1] ?? 1 }, () => rig.cell({ processes })),
    );
    const failed = await inCells(cells, kills(processes), (cell, kill) => deliver(cell, [kill]));
    assert.deepEqual(
      [...failed].map(([kill, wrong]) => ({ kill, wrong })),
      [],
    );
    const kinds = new Set(cells.flatMap(({ tap }) => [...tap.kinds.keys()]));
    const unknown = [...kinds].filter((kind) => !(kind in CALLS) && !NOW_AND_THEN.includes(kind));
    assert.deepEqual(unknown, [], 'every kind of call is in the matrix');
    await Promise.all(cells.map((cell) => cell.pause()));
  });
}

test('ten kills of one chunk end well', async () => {
  const cell = await rig.cell();
  const issued = issueExport(
    { blobName: 'healthcare/ten.csv', records: 15, recordsPerRequest: RECORDS_PER_REQUEST },
    seededRandom(1),
  );
  let deaths = 0;
  const arm = (): void =>
    cell.proxy.setFaults([
      {
        kind: 'table chunks.replace',
        // The claim comes first; then the marks, of which none gets through.
        nth: 2,
        when: 'before',
        effect: {
          do: 'run',
          run: (instance) => {
            deaths++;
            cell.kill(instance);
            if (deaths < 10) arm();
          },
        },
      },
    ]);
  arm();
  const id = await cell.put(issued);
  const { row } = await cell.ended(id, 180_000);
  assert.equal(deaths, 10);
  assert.equal(row.state, 'completed');
  assert.deepEqual(
    await judgeExports(
      cell,
      [{ issued, id }],
      (await cell.journal()).filter(({ kind }) => kind === 'signal'),
    ),
    [],
  );
});
