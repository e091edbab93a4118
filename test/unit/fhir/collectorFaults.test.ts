import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Killed, KillableProcess } from '../../support/killable.ts';
import { auditLine, HOUR, request, testCollector } from '../../support/fhirLog.ts';

const HOUR_MS = 3_600_000;
const ids = (records: readonly string[]): string[] => records.map((record) => record.split(',')[5]!);

class Crash extends Error {}

/** Kills a run at the given moment of its I/O, lets the next runs go on, and judges what came of it. */
async function killAt(moment: number, grow: boolean): Promise<KillableProcess> {
  const collector = testCollector({ gone: ['3'] });
  const first = request({ id: 'a', path: '/Patient/1' }) + request({ id: 'b', path: '/Patient/3' });
  const begun = `${auditLine({ id: 'c', path: '/Patient/4', result: 'Started' })}\nno entry\n`;
  const later = `${auditLine({ id: 'c', path: '/Patient/4' })}\n${request({ id: 'd', path: '/Patient/2' })}`;
  collector.put(first + begun);
  const process = new KillableProcess(moment);
  await collector.run(process).catch((error: unknown) => assert.ok(error instanceof Killed));
  if (grow) collector.put(first + begun + later);
  collector.state.now += HOUR_MS;
  await collector.run();
  if (!grow) collector.put(first + begun + later);
  await collector.run();
  await collector.run();
  assert.deepEqual(ids(collector.records()).sort(), ['1', '2', '4'], `killed at moment ${moment}`);
  const quarantined = [...collector.quarantine().values()].join('').match(/PATIENT_GONE|BAD_LINE/g);
  assert.deepEqual(quarantined?.sort(), ['BAD_LINE', 'PATIENT_GONE'], `killed at moment ${moment}`);
  return process;
}

for (const grow of [false, true])
  test(`killed at any moment, every access arrives once${grow ? ', though the blob grew meanwhile' : ''}`, async () => {
    const { moments } = await killAt(Infinity, grow);
    assert.ok(moments > 20);
    let deaths = 0;
    for (let moment = 1; moment <= moments; moment++) deaths += Number((await killAt(moment, grow)).dead);
    assert.equal(deaths, moments, 'every kill really happened');
  });

/** An hour for which the service takes longer than a run has, killed at a moment of the first run; how often it was cut, and the process. */
async function killSlow(moment: number): Promise<{ cuts: number; process: KillableProcess }> {
  const collector = testCollector({ answerMs: 2_000 });
  const ids = Array.from({ length: 2_500 }, (_, index) => `p${index}`);
  collector.put(ids.map((id) => request({ id, path: `/Patient/${id}` })).join(''));
  const process = new KillableProcess(moment);
  const budgetMs = 15_000;
  await collector.run(process, { budgetMs }).catch((error: unknown) => assert.ok(error instanceof Killed));
  for (let run = 1; run <= 4; run++) {
    collector.state.now += HOUR_MS;
    await collector.run(undefined, { budgetMs });
  }
  const carried = collector.records().map((record) => record.split(',')[5]!);
  assert.deepEqual(carried.sort(), ids.sort(), `killed at moment ${moment}`);
  return { cuts: collector.exports().size - 1, process };
}

test('an hour that takes longer than a run has is carried in parts, and each run gets further, killed or not', async () => {
  const { cuts, process } = await killSlow(Infinity);
  assert.equal(cuts, 2);
  for (let moment = 1; moment <= process.moments; moment += 3) await killSlow(moment);
});

test('what a dead run had claimed is free again after the time of a claim, not before', async () => {
  const collector = testCollector();
  collector.put(request());
  const claimMs = 6_000;
  await assert.rejects(collector.run(new KillableProcess(12), { claimMs }), Killed);
  collector.state.now += claimMs - 1;
  assert.equal((await collector.run()).busy, 1);
  collector.state.now += 1;
  assert.equal((await collector.run()).slices.length, 1);
});

test('two runs at once: one of them works', async () => {
  const collector = testCollector();
  collector.put(request());
  const runs = await Promise.all([collector.run(), collector.run()]);
  assert.deepEqual(runs.map(({ slices, busy }) => `${slices.length} slices, ${busy} busy`).sort(), [
    '0 slices, 1 busy',
    '1 slices, 0 busy',
  ]);
  assert.equal(collector.records().length, 1);
});

test('a blob that is gone before it was read is passed over, and the hours after it are read', async () => {
  const collector = testCollector({
    now: HOUR + 4 * HOUR_MS,
    hook: ({ store, operation, when }) => {
      if (armed && store === 'exports' && operation === 'write' && when === 'before')
        throw new Crash('killed');
    },
  });
  let armed = true;
  collector.put(request({ path: '/Patient/1' }));
  collector.put(request({ path: '/Patient/2' }), HOUR + HOUR_MS);
  await assert.rejects(collector.run(), Crash);
  armed = false;
  collector.blobs.destroy(collector.blobs.addresses('insights-logs-auditlogs')[0]!);
  await collector.run();
  assert.deepEqual(ids(collector.records()), ['2']);
});

test('however entries are shuffled, cut into hours and read in between, every access arrives once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ succeeded: fc.boolean(), bare: fc.boolean() }), { minLength: 1, maxLength: 30 }),
      fc.infiniteStream(fc.nat()),
      fc.array(fc.nat({ max: 60 }), { maxLength: 4 }),
      async (accesses, random, reads) => {
        const lines = accesses.flatMap(({ succeeded, bare }, index) => {
          const facts = { id: `c${index}`, path: `/Patient/p${index}` };
          const end = auditLine({
            ...facts,
            result: succeeded ? 'Succeeded' : 'Failed',
            ...(bare && { headers: {} }),
          });
          return [auditLine({ ...facts, result: 'Started' }), end];
        });
        const shuffled = lines
          .map((line) => ({ line, order: random.next().value, hour: random.next().value % 2 }))
          .sort((a, b) => a.order - b.order);
        const collector = testCollector({ now: HOUR + 3 * HOUR_MS });
        const upTo = async (count: number): Promise<void> => {
          for (const hour of [0, 1]) {
            const text = shuffled
              .slice(0, count)
              .filter((one) => one.hour === hour)
              .map(({ line }) => `${line}\n`)
              .join('');
            // The last line is torn while the blob is being written.
            const torn = count < shuffled.length && text !== '' ? text.slice(0, -20) : text;
            if (torn !== '') collector.put(torn, HOUR + hour * HOUR_MS);
          }
          await collector.run();
        };
        for (const count of reads.sort((a, b) => a - b)) await upTo(count);
        await upTo(shuffled.length);
        const expected = accesses.flatMap(({ succeeded }, index) => (succeeded ? [`p${index}`] : []));
        assert.deepEqual(ids(collector.records()).sort(), expected.sort());
        assert.equal(collector.quarantine().size, 0);
      },
    ),
    { numRuns: 60 },
  );
});
