import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreCall } from '../../support/faultHook.ts';
import { auditLine, HOUR, request, testCollector } from '../../support/fhirLog.ts';

const HOUR_MS = 3_600_000;

/** Tells a run at the given moment of its I/O that the host goes away, and lets the next run go on at once. */
async function stopAt(moment: number): Promise<number> {
  const stopping = new AbortController();
  const after: StoreCall[] = [];
  let moments = 0;
  let asked = 0;
  const collector = testCollector({
    gone: ['3'],
    now: HOUR + 4 * HOUR_MS,
    hook: (call) => {
      if (stopping.signal.aborted) after.push(call);
      if (++moments !== moment) return;
      asked = collector.state.asked.length;
      stopping.abort();
    },
  });
  collector.put(request({ id: 'a', path: '/Patient/1' }) + request({ id: 'b', path: '/Patient/3' }));
  collector.put(
    `${auditLine({ id: 'c', path: '/Patient/4', result: 'Started' })}\nno entry\n`,
    HOUR + HOUR_MS,
  );
  collector.put(
    `${auditLine({ id: 'c', path: '/Patient/4' })}\n${request({ id: 'd', path: '/Patient/2' })}`,
    HOUR + 2 * HOUR_MS,
  );
  await collector.run(undefined, { signal: stopping.signal });
  if (moment <= moments) {
    assert.equal(collector.state.asked.length, asked, `moment ${moment}: no patient is asked for any more`);
    const begun = after.filter(
      ({ store, operation, when }) =>
        when === 'before' && (operation === 'read' || (store === 'exports' && operation === 'write')),
    );
    assert.deepEqual(begun, [], `moment ${moment}: nothing is begun any more`);
    assert.deepEqual(
      collector.state.logged
        .map(({ event }) => event)
        .filter((event) => !/slice|quarantined|malformed/.test(event)),
      ['fhir.stopped'],
    );
    for (const { row } of collector.marks.rows())
      if (row.partitionKey === 'fhir') assert.equal(row['claimUntil'], 0, `moment ${moment}: given up`);
  }
  const before = moments;
  await collector.run();
  const ids = collector.records().map((record) => record.split(',')[5]!);
  assert.deepEqual(ids.sort(), ['1', '2', '4'], `stopped at moment ${moment}`);
  const quarantined = [...collector.quarantine().values()].join('').match(/PATIENT_GONE|BAD_LINE/g);
  assert.deepEqual(quarantined?.sort(), ['BAD_LINE', 'PATIENT_GONE'], `stopped at moment ${moment}`);
  return before;
}

test('when the host goes away nothing new is begun, the claim is given up, and the next run goes on at once', async () => {
  const moments = await stopAt(Infinity);
  assert.ok(moments > 40, `${moments} moments`);
  for (let moment = 1; moment <= moments; moment++) await stopAt(moment);
});
