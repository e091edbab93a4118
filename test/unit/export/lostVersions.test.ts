import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrivalsOf } from '../../../shared/ledger/arrivals.ts';
import { CONTAINERS } from '../../../shared/ledger/model.ts';
import { SplitRig } from '../../support/splitRig.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NAME = 'healthcare/daily.csv';
const EXPORT = 'a,b\n1,2\n';
const states = (rig: SplitRig): string[] => rig.exports().map(({ state }) => state);

test('a version that was overwritten before anybody heard of it ends as lost, once, on the day of its arrival', async () => {
  const rig = new SplitRig();
  const etag = rig.put(NAME, EXPORT);
  const writtenAt = new Date(rig.clock.now()).toISOString();
  await rig.pass(MINUTE);
  rig.put(NAME, 'a,b\n3,4\n');
  await rig.receive(NAME);
  await rig.pass(5 * MINUTE);
  await rig.sweep();
  await rig.pass(2 * HOUR);
  await rig.sweep();
  assert.deepEqual(states(rig).toSorted(), ['queued', 'sourceLost']);
  const lost = rig.exports().find(({ state }) => state === 'sourceLost')!;
  assert.deepEqual([lost.blobEtag, lost.arrivedAt, lost.records, lost.pinned], [etag, writtenAt, 0, false]);
  assert.equal(lost.reasons[0]?.code, 'REPLACED_BEFORE_READ');
  assert.match(lost.reasons[0]?.cure ?? '', /az storage blob undelete/u);
  const shown = await arrivalsOf(rig.tables, 'healthcare', writtenAt.slice(0, 10));
  assert.equal(shown.length, 2);
});

test('so does one that was deleted', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  rig.blobs.destroy({ container: CONTAINERS.exports, name: NAME });
  await rig.pass(5 * MINUTE);
  await rig.sweep();
  assert.deepEqual(states(rig), ['sourceLost']);
});

test('versions that were read are not lost, whether overwritten, deleted or pinned; by their time, too', async () => {
  const rig = new SplitRig();
  rig.put(NAME, EXPORT);
  await rig.receive(NAME);
  await rig.push();
  const [{ blobEtag: etag, arrivedAt } = { blobEtag: '', arrivedAt: '' }] = rig.exports();
  rig.put(NAME, 'a,b\n3,4\n');
  await rig.receive(NAME);
  await rig.push();
  rig.blobs.destroy({ container: CONTAINERS.exports, name: NAME });
  await rig.pass(5 * MINUTE);
  await rig.sweep();
  assert.deepEqual(states(rig), ['completed', 'completed']);

  const services = rig.services();
  const blobs = new Proxy(services.blobs, {
    get: (target, property) =>
      property === 'listDeleted'
        ? async function* () {
            yield { name: NAME, etag: `${etag}x`, bytes: 9, modifiedAt: Date.parse(arrivedAt), metadata: {} };
          }
        : (Reflect.get(target, property) as unknown),
  });
  const { noteLostVersions } = await import('../../../shared/export/lostVersions.ts');
  await noteLostVersions({ ...services, blobs }, 0);
  assert.deepEqual(states(rig), ['completed', 'completed'], 'its ETag is another, its name and time are not');
});

test('what was no export yet is not lost: an empty blob put first, a name that says so, a folder, one just replaced', async () => {
  const rig = new SplitRig();
  for (const name of [NAME, 'healthcare/a.csv.part', 'healthcare/']) {
    rig.put(name, name === NAME ? '' : EXPORT);
    rig.blobs.destroy({ container: CONTAINERS.exports, name });
  }
  await rig.pass(5 * MINUTE);
  rig.put('healthcare/new.csv', EXPORT);
  rig.blobs.destroy({ container: CONTAINERS.exports, name: 'healthcare/new.csv' });
  await rig.sweep();
  assert.deepEqual(states(rig), []);
});

test('nothing is looked for in an account with a hierarchical namespace', async () => {
  const rig = new SplitRig({ settings: { pin: 'copy' } });
  rig.put(NAME, EXPORT);
  rig.blobs.destroy({ container: CONTAINERS.exports, name: NAME });
  await rig.pass(5 * MINUTE);
  await rig.sweep();
  assert.deepEqual(states(rig), []);
});
