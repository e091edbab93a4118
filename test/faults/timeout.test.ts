import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deliver } from '../support/deliver.ts';
import { FaultRig } from '../support/faultRig.ts';

let rig: FaultRig;
before(async () => void (rig = await FaultRig.start(1, { functionTimeout: '00:00:03' })));
after(() => rig.stop());

test('an invocation past the function timeout takes its process down; the next one finishes, and its timers fire', async () => {
  const cell = await rig.cell({ settings: { REQUEST_DEADLINE_SECONDS: '20' } });
  const { wrong, row, log } = await deliver(cell, { faults: 'hang@1' });
  assert.deepEqual(wrong, []);
  assert.equal(row.state, 'completed');
  assert.equal(row.possiblyDuplicated, 5, 'the request that was never answered');
  assert.match(log, /ran longer than functionTimeout/);
  const sweeps = log.slice(log.indexOf('ran longer than functionTimeout')).split('sweep.done').length - 1;
  assert.ok(sweeps > 0, 'the sweep ran afterwards');
});
