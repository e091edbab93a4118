import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lastNumber, numbered } from '../support/deliver.ts';
import { RECORDS_PER_REQUEST, type CellOptions, type FaultCell } from '../support/faultCell.ts';
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
/** What not every export meets: how it comes about, and the calls that are made then. */
type Hardship = {
  /** Rules of the simulator; numbers count from the export's first request. */
  readonly faults?: string;
  readonly settings?: CellOptions['settings'];
  readonly calls: Readonly<Record<string, number>>;
  /** Each kill meets an account of its own: the calls are made once in its life. */
  readonly onNewAccount?: boolean;
};
const HARDSHIPS: Readonly<Record<string, Hardship>> = {
  'the first export of an account': { calls: { 'table connectors.insert': 2 }, onNewAccount: true },
  'a Retry-After': {
    faults: '429@2:retry-after=1',
    calls: { 'table connectors.get': 4, 'table connectors.replace': 3 },
  },
  'an outage': {
    faults: 'down@1-20',
    calls: { 'table connectors.get': 4, 'table connectors.replace': 4 },
  },
  'an account without snapshots': {
    settings: { PIN: 'copy' },
    calls: {
      'blob staging.facts': 1,
      'blob staging.list': 1,
      'blob staging.read': 2,
      'blob staging.remove': 1,
      'blob staging.write': 1,
    },
  },
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
  // By the status alone, which the judge reads; it writes nothing.
  'table marks.list',
  // By a split that died after it had claimed its content.
  'table contents.replace',
];
const MAX_IN_FLIGHT = 4;
/** At once: alone, and with two processes each. */
const CELLS = [6, 4] as const;
/** Under a hardship, where one account is as good as another. */
const HARDSHIP_CELLS = 3;

/** Before and after each of the first calls of every kind. */
const kills = (calls: Readonly<Record<string, number>>, most = Number.POSITIVE_INFINITY): Kill[] =>
  Object.entries(calls).flatMap(([kind, count]) =>
    Array.from({ length: Math.min(count, most) }, (_, index) => index + 1).flatMap((nth) => [
      { kind, nth, when: 'before' } as const,
      { kind, nth, when: 'after' } as const,
    ]),
  );

const cellsOf = ({ calls, onNewAccount }: Hardship): number =>
  onNewAccount === true ? kills(calls).length : HARDSHIP_CELLS;

let rig: FaultRig;
before(async () => {
  const hard = Object.values(HARDSHIPS).reduce((sum, hardship) => sum + cellsOf(hardship), 0);
  rig = await FaultRig.start(CELLS[0] + CELLS[1] + 1 + hard);
});
after(() => rig.stop());

let exports = 0;

/** Deliver an export with refused records of both kinds, and a message that is garbage, under the kill; judge the outcome. */
async function deliver(cell: FaultCell, death: Kill, faults = ''): Promise<string[]> {
  exports++;
  const shape = {
    blobName: `healthcare/kill-${exports}.csv`,
    records: 42,
    recordsPerRequest: RECORDS_PER_REQUEST,
  };
  const issued = issueExport({ ...shape, invalid: 0.1, refusedBatches: 0.3 }, seededRandom(5));
  const before = await cell.journal();
  const rules = numbered(faults, lastNumber(before, 'signal'), 0);
  await cell.simulator.setFaults(rules === '' ? REFUSING_RULE : `${rules},${REFUSING_RULE}`);
  const run = (instance: number): void => cell.kill(instance);
  cell.proxy.setFaults([{ ...death, effect: { do: 'run', run } }]);
  await cell.message(Buffer.from('garbage').toString('base64'));
  const id = await cell.put(issued);
  await cell.ended(id);
  await cell.hit();
  await cell.restarted();
  cell.proxy.setFaults([]);
  const journal = (await cell.journal(before.length)).filter(({ kind }) => kind === 'signal');
  const wrong = await judgeExports(cell, [{ issued, id }], journal);
  const repeated = await countRepeated(cell, journal);
  if (repeated > MAX_IN_FLIGHT * RECORDS_PER_REQUEST) wrong.push(`${repeated} repeated by one kill`);
  if (cell.tap.leaks.length > 0) wrong.push(`a record's value went to ${cell.tap.leaks.join()}`);
  return wrong;
}

for (const processes of [1, 2] as const) {
  test(`killed before and after every kind of call, ${processes} process(es): no loss, repeated only what was in flight`, async () => {
    const cells = await Promise.all(
      Array.from({ length: CELLS[processes - 1] ?? 1 }, () => rig.cell({ processes })),
    );
    // With a second process, which takes over what the first one leaves, the first call of each kind.
    const pieces = kills(CALLS, processes === 1 ? undefined : 1);
    await assertWell(cells, pieces);
  });
}

for (const [what, hardship] of Object.entries(HARDSHIPS)) {
  test(`killed before and after the calls that ${what} brings: no loss, repeated only what was in flight`, async () => {
    const { settings, calls, faults } = hardship;
    const options = settings === undefined ? {} : { settings };
    const cells = await Promise.all(Array.from({ length: cellsOf(hardship) }, () => rig.cell(options)));
    await assertWell(cells, kills(calls), faults);
  });
}

async function assertWell(
  cells: readonly FaultCell[],
  pieces: readonly Kill[],
  faults?: string,
): Promise<void> {
  const failed = await inCells(cells, pieces, (cell, kill) => deliver(cell, kill, faults));
  assert.deepEqual(
    [...failed].map(([kill, wrong]) => ({ kill, wrong })),
    [],
  );
  const kinds = new Set(cells.flatMap(({ tap }) => [...tap.kinds.keys()]));
  const known = [CALLS, ...Object.values(HARDSHIPS).map(({ calls }) => calls)].flatMap(Object.keys);
  const unknown = [...kinds].filter((kind) => !known.includes(kind) && !NOW_AND_THEN.includes(kind));
  assert.deepEqual(unknown, [], 'every kind of call is in the matrix');
  await Promise.all(cells.map((cell) => cell.pause()));
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
