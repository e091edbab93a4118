import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CALLS } from '../support/campaignPlan.ts';
import { countEvents, deliver } from '../support/deliver.ts';
import type { FaultCell } from '../support/faultCell.ts';
import type { Effect, ProxyFault } from '../support/faultProxy.ts';
import { FaultRig } from '../support/faultRig.ts';
import { inCells } from '../support/inCells.ts';

const CELLS = 4;

let rig: FaultRig;
let cells: FaultCell[] = [];
before(async () => {
  rig = await FaultRig.start(CELLS);
  cells = await Promise.all(Array.from({ length: CELLS }, () => rig.cell()));
});
after(() => rig.stop());

const KINDS = CALLS.map(([kind]) => kind);
/** Calls that only an export with refused records makes. */
const REFUSAL_CALLS = ['blob quarantine.write', 'table chunks.insert'];

const faults = (
  kinds: readonly string[],
  when: ProxyFault['when'],
  effects: readonly Effect[],
): ProxyFault[] => kinds.flatMap((kind) => effects.map((effect) => ({ kind, nth: 1, when, effect })));

/** One way to fail before and one after for each call; campaigns mix in the others. */
const WEATHER: readonly ProxyFault[] = [
  ...faults([...KINDS, ...REFUSAL_CALLS], 'before', [{ do: 'status', status: 503, code: 'ServerBusy' }]),
  ...faults([...KINDS, ...REFUSAL_CALLS], 'after', [{ do: 'cut' }]),
  ...faults(
    KINDS.filter((kind) => kind.endsWith('.replace')),
    'before',
    [{ do: 'status', status: 412, code: 'UpdateConditionNotSatisfied' }],
  ),
];

/** Calls whose answer never comes: each attempt takes 30 s, so a few stand for all. */
const SILENT: readonly ProxyFault[] = faults(
  ['table chunks.replace', 'table exports.replace', 'blob exports.read', 'queue chunks.send'],
  'after',
  [{ do: 'hang' }],
);

/** One call at fault: the export arrives all the same, nothing is counted as repeated, nothing poisoned. */
async function survive(cell: FaultCell, fault: ProxyFault): Promise<string[]> {
  const isSilent = fault.effect.do === 'hang';
  const { wrong, row, log } = await deliver(cell, {
    records: 20,
    storage: [fault],
    // Records that the service refuses are no fault of storage, but they bring about the calls of bisection and quarantine.
    faults: '400:hash=1/16',
    refusedBatches: 1,
    deadlineMs: 150_000,
    meanwhile: async (cell) => cell.hit(),
  });
  const takenOver = cell.tap.takenOver.has(row.exportId);
  return [
    ...wrong,
    ...(row.possiblyDuplicated > 0 && !isSilent && !takenOver
      ? [`${row.possiblyDuplicated} counted as repeated`]
      : []),
    ...(countEvents(log, 'chunk.poisoned') > 0 ? ['poisoned'] : []),
  ];
}

for (const [what, weather] of [
  ['fails, before or after it took effect', WEATHER],
  ['takes effect and is never answered', SILENT],
] as const) {
  test(`any call of storage that ${what}: ${weather.length} exports arrive all the same`, async () => {
    const failed = await inCells(cells, weather, survive);
    assert.deepEqual([...failed], []);
  });
}
