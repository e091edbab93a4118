import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, mock, test } from 'node:test';
import { carryOut, type OperatorStorage } from '../../../local/cli/operator.ts';
import { UsageError } from '../../../local/cli/usageError.ts';
import { TABLES } from '../../../shared/ledger/model.ts';
import type { MadeExport } from '../../support/deliveryExport.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { MemoryTable } from '../../support/memoryStores.ts';
import { runCli } from '../../support/cli.ts';

const HOUR = 3_600_000;
const CONNECTOR = 'healthcare';

const error = mock.method(console, 'error', () => undefined);
beforeEach(() => error.mock.resetCalls());

/** An account with one export, of which the connector's service says that it saved too little the first time. */
async function worldWithGap(): Promise<{ world: DeliveryWorld; made: MadeExport; storage: OperatorStorage }> {
  let gaps = 0;
  const misbehave = () => (gaps++ === 0 ? ({ kind: 'gap', gap: 3 } as const) : undefined);
  const world = new DeliveryWorld({ seed: 1, service: { misbehave } });
  const made = await world.export({ chunks: 2, batches: 1, recordsPerRequest: 8 });
  assert.ok(await world.deliver(HOUR));
  assert.equal(world.exportRow(made.row).state, 'failed');
  const { exports, chunks, connectors } = world.tables;
  const others = { [TABLES.contents]: new MemoryTable('contents'), [TABLES.marks]: new MemoryTable('marks') };
  const tables = {
    [TABLES.exports]: exports,
    [TABLES.chunks]: chunks,
    [TABLES.connectors]: connectors,
    ...others,
  };
  const storage = {
    table: (name: string) => tables[name as keyof typeof tables],
    queue: () => world.queue,
    blobs: world.blobs,
    clock: world.clock,
  };
  return { world, made, storage };
}

test('what is pinned again is pinned as the settings of the app say', async () => {
  for (const [env, container] of [
    [{}, 'exports'],
    [{ PIN: 'copy' }, 'staging'],
  ] as const) {
    const { world, made, storage } = await worldWithGap();
    const { done, refused } = await carryOut({ action: 'replay', connector: CONNECTOR }, storage, env);
    assert.deepEqual([done, refused], ['Under way again: 1 chunk of 1 export.', []]);
    assert.equal(world.exportRow(made.row).source?.container, container);
    assert.match(String(error.mock.calls.at(-1)?.arguments[0]), /"event":"export\.replayed".*"count":1/);
    assert.ok(await world.resume(HOUR));
    assert.equal(world.exportRow(made.row).state, 'completed');
  }
});

test('a mapping or a setting that cannot be used ends it before anything is changed', async () => {
  const { world, made, storage } = await worldWithGap();
  for (const [env, words] of [
    [{ CONNECTOR_HEALTHCARE_MAPPING: '{' }, /CONNECTOR_HEALTHCARE_MAPPING|not JSON/],
    [{ PIN: 'glue' }, /PIN: expected one of snapshot, copy/],
  ] as const) {
    await assert.rejects(
      carryOut({ action: 'replay', connector: CONNECTOR }, storage, env),
      (fault) => fault instanceof UsageError && words.test(fault.message),
    );
  }
  assert.equal(world.exportRow(made.row).state, 'failed');
});

test('a name misspelt is not confirmed: those of the ledger and of CONNECTORS are named', async () => {
  const { storage } = await worldWithGap();
  const pause = (connector: string, env = {}) => carryOut({ action: 'pause', connector }, storage, env);
  const { message } = (await pause('healthcre').catch((fault: unknown) => fault)) as Error;
  assert.equal(message, 'There is no connector "healthcre" in this ledger; there are: healthcare.');
  await assert.rejects(pause('clinc', { CONNECTORS: 'clinic, badging' }), /badging, clinic, healthcare/);
  assert.match((await pause('clinic', { CONNECTORS: 'clinic,badging' })).done, /clinic is paused/);
  assert.match((await pause(CONNECTOR)).done, /healthcare is paused/);
});

test('of an unknown export nothing is said but that; of one that is fine, that there is nothing to do', async () => {
  const { world, made, storage } = await worldWithGap();
  const replay = (id: string) =>
    carryOut({ action: 'replay', connector: CONNECTOR, export: id }, storage, {});
  assert.deepEqual(await replay('0'.repeat(32)), {
    done: 'Nothing is sent again.',
    refused: ['The ledger does not know this export.'],
  });
  await replay(made.row.exportId);
  assert.ok(await world.resume(HOUR));
  const nothing = { done: 'Nothing of it failed or is held.', refused: [] };
  assert.deepEqual(await replay(made.row.exportId), nothing);
  assert.deepEqual(await carryOut({ action: 'replay', connector: CONNECTOR }, storage, {}), nothing);
});

for (const [what, options, words] of [
  [
    'cancel',
    ['--cancel'],
    /^Error: --cancel needs --export ID\.\nThe status shows the id.*--export all ends all/,
  ],
  ['a chunk', ['--chunk', '1'], /^Error: --chunk needs --export ID\./],
  ['a pause of one export', ['--pause', '--export', 'ab'.repeat(16)], /^Error: --pause is about all exports/],
  ['a cancel of one chunk', ['--cancel', '--export', 'ab'.repeat(16), '--chunk', '1'], /Leave out --chunk/],
  ['a replay of "all"', ['--export', 'all'], /--export all goes with --cancel only/],
  ['two actions', ['--pause', '--resume'], /--pause and --resume exclude each other/],
  ['an id that is none', ['--export', 'yesterday.csv'], /--export.*32 hex digits/],
] as const) {
  test(`${what} that lacks or has too much names the option`, async () => {
    const out = path.join(tmpdir(), 'no-such-run');
    const { code, stderr } = await runCli(['replay', '--connector', CONNECTOR, '--out', out, ...options]);
    assert.equal(code, 1);
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /BAD_REQUEST/);
  });
}
