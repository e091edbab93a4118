import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { receiveExport } from '../../../shared/export/receive.ts';
import { sweepLedger } from '../../../shared/export/sweep.ts';
import { Killed, KillableProcess } from '../../support/killable.ts';
import { SplitRig, type RigOptions } from '../../support/splitRig.ts';

const MINUTE = 60_000;
const EXPORT = `a,b\n${Array.from({ length: 9 }, (_, i) => `${i},"x\ny"\n`).join('')}`;

type Case = { readonly name: string; readonly content: string | Uint8Array; readonly options?: RigOptions };

const cases: Record<string, Case> = {
  'an export that is sent': { name: 'healthcare/a.csv', content: EXPORT },
  'one pinned by a copy': {
    name: 'healthcare/a.csv',
    content: EXPORT,
    options: { settings: { pin: 'copy' } },
  },
  'one that is unpacked': { name: 'healthcare/a.csv.gz', content: gzipSync(EXPORT) },
  'one that is rejected at its end': { name: 'healthcare/a.csv', content: `${EXPORT}1,"never closed` },
  'one without records': { name: 'healthcare/a.csv', content: 'a,b\n' },
};

/** What must be the same however often processes died: no times, no owners. */
function outcome(rig: SplitRig) {
  const { state, records, accepted, failed, chunks, contentHash, reasons, owner, pinned } = rig.export();
  return {
    export: { state, records, accepted, failed, chunks, contentHash, reasons, owner, pinned },
    chunks: rig.chunks().map(({ chunk, start, end, records, sha256, state }) => ({
      chunk,
      start,
      end,
      records,
      sha256,
      state,
    })),
    pins: rig.pins(),
    queued: rig.queue.length,
  };
}

/** Work in a process that may die; what it dies of is not the test's. */
async function inProcess(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
}

/** Redelivery of the event, sweeps and deliveries until the export is at rest. */
async function settle(rig: SplitRig, name: string): Promise<void> {
  for (let minute = 0; minute < 40; minute++) {
    await rig.push();
    if (rig.exports()[0]?.pinned === false && rig.exports()[0]?.finishedAt !== undefined) return;
    await rig.pass(MINUTE);
    if (minute === 0) await rig.receive(name);
    await rig.sweep();
  }
}

async function healthy({ name, content, options = {} }: Case) {
  const rig = new SplitRig(options);
  rig.put(name, content);
  const process = new KillableProcess();
  await rig.receive(name, process);
  await settle(rig, name);
  return { moments: process.moments, expected: outcome(rig) };
}

for (const [what, each] of Object.entries(cases)) {
  test(`killed at any I/O call of the split, the export ends as if nothing had happened: ${what}`, async () => {
    const { moments, expected } = await healthy(each);
    assert.ok(moments > 20);
    for (let killAt = 1; killAt <= moments; killAt++) {
      const rig = new SplitRig(each.options ?? {});
      rig.put(each.name, each.content);
      await inProcess(rig.receive(each.name, new KillableProcess(killAt)));
      await settle(rig, each.name);
      assert.deepEqual(outcome(rig), expected, `killed at moment ${killAt} of ${moments}`);
    }
  });
}

test('killed again and again, in the split and in the sweeps, it ends the same', async () => {
  const each = cases['an export that is sent']!;
  const { expected } = await healthy(each);
  const kills = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(kills, async (moments) => {
      const rig = new SplitRig();
      rig.put(each.name, each.content);
      for (const [i, killAt] of moments.entries()) {
        const process = new KillableProcess(killAt);
        await inProcess(i % 2 === 0 ? rig.receive(each.name, process) : rig.sweep(process));
        await rig.pass(2 * MINUTE);
      }
      await settle(rig, each.name);
      assert.deepEqual(outcome(rig), expected);
    }),
    { numRuns: 60, seed: 20261121 },
  );
});

test('a resumed scan begins at its last checkpoint, not at the beginning', async () => {
  const each = cases['an export that is sent']!;
  const { moments } = await healthy(each);
  const rig = new SplitRig();
  rig.put(each.name, each.content);
  let killAt = moments;
  let offset: number | undefined;
  while (offset === undefined || offset < 40) {
    const trial = new SplitRig();
    trial.put(each.name, each.content);
    await inProcess(trial.receive(each.name, new KillableProcess(--killAt)));
    offset = trial.exports()[0]?.checkpoint?.offset;
  }
  await inProcess(rig.receive(each.name, new KillableProcess(killAt)));
  await rig.pass(2 * MINUTE);
  const services = rig.services();
  const starts: number[] = [];
  const blobs = new Proxy(services.blobs, {
    get: (target, property) =>
      property === 'read'
        ? (...parameters: Parameters<typeof target.read>) => {
            starts.push(parameters[1].start);
            return target.read(...parameters);
          }
        : (Reflect.get(target, property) as unknown),
  });
  await sweepLedger({ ...services, blobs });
  assert.equal(starts[0], offset);
});

test('a split whose claim was taken over stops, and one export goes out', async () => {
  const rig = new SplitRig();
  const [name, content] = ['healthcare/a.csv', EXPORT];
  rig.put(name, content);
  const services = rig.services();
  let isStuck = true;
  const blobs = new Proxy(services.blobs, {
    get: (target, property) =>
      property === 'snapshot' && isStuck
        ? async (...parameters: Parameters<typeof target.snapshot>) => {
            // Longer than the claim, with renewals that do not get through.
            await rig.clock.sleep(10 * MINUTE);
            return target.snapshot(...parameters);
          }
        : (Reflect.get(target, property) as unknown),
  });
  const exports = new Proxy(services.tables.exports, {
    get: (target, property) => {
      let claims = 0;
      return property === 'replace'
        ? (...parameters: Parameters<typeof target.replace>) =>
            claims++ === 0 || !isStuck
              ? target.replace(...parameters)
              : Promise.reject(new Error('unreachable'))
        : (Reflect.get(target, property) as unknown);
    },
  });
  const stuck = receiveExport(
    { container: 'exports', blobName: name },
    { ...services, blobs, tables: { ...services.tables, exports } },
  );
  stuck.catch(() => undefined);
  await rig.pass(2 * MINUTE);
  isStuck = false;
  await rig.sweep();
  await rig.pass(20 * MINUTE);
  await stuck.catch(() => undefined);
  await settle(rig, name);
  assert.equal(rig.export().state, 'completed');
  assert.equal(rig.pins(), 0);
});
