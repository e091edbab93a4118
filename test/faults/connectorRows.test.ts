import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  countEvents,
  deliver,
  repeatedBodies,
  type Delivered,
  type DeliveryOptions,
} from '../support/deliver.ts';
import type { FaultCell } from '../support/faultCell.ts';
import { FaultRig } from '../support/faultRig.ts';
import { CANARY } from '../support/issuedExport.ts';
import { holds } from '../support/wiretap.ts';

/** What a fault of connector or token endpoint must come to, beyond what the oracle demands of everything. */
type Row = DeliveryOptions & {
  readonly name: string;
  /** Records counted as possibly duplicated, exactly. @default 0 */
  readonly duplicated?: number;
  readonly check?: (delivered: Delivered) => void;
};

let rig: FaultRig;
let cell: FaultCell;
before(async () => {
  rig = await FaultRig.start(1);
  cell = await rig.cell({ simulator: { digests: true } });
});
after(() => rig.stop());

async function holdTo({ name: _name, duplicated = 0, check, ...options }: Row): Promise<void> {
  const delivered = await deliver(cell, options);
  assert.deepEqual(delivered.wrong, []);
  assert.equal(delivered.row.possiblyDuplicated, duplicated, 'records counted as possibly duplicated');
  assert.equal(countEvents(delivered.log, 'chunk.poisoned'), 0, 'no poison');
  assert.equal(countEvents(delivered.log, 'chunk.failed'), 0, 'nothing given up');
  check?.(delivered);
}

/** Tokens are asked for anew. */
const withoutToken = async (cell: FaultCell): Promise<void> => cell.simulator.expireTokens();

/** Blocked once, with one alert, probed rarely, and well again by itself. */
const blockedOnce = ({ log, requests, row }: Delivered): void => {
  assert.equal(countEvents(log, 'connector.blocked'), 1, 'one alert');
  assert.equal(countEvents(log, 'connector.recovered'), 1);
  assert.ok(requests.length < 20, `${requests.length} requests`);
  assert.equal(row.state, 'completed');
};

const ambiguous = (name: string, faults: string, more: Partial<Row> = {}): Row => ({
  name,
  faults,
  records: 5,
  duplicated: 5,
  ...more,
});

const known = (name: string, faults: string, more: Partial<Row> = {}): Row => ({ name, faults, ...more });

const twice = ({ requests }: Delivered): void => {
  assert.equal(repeatedBodies(requests), 1, 'the same bytes were taken twice');
};

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  'the token endpoint': [
    {
      ...known('fails: nothing is sent without a token, then all drains', 'token-503@1-3'),
      meanwhile: withoutToken,
    },
    { ...known('hangs', 'token-hang@1'), meanwhile: withoutToken, deadlineMs: 120_000 },
    { ...known('answers with no JSON', 'token-malformed@1-2'), meanwhile: withoutToken },
    { ...known('gives a lifetime of 0', 'token-lifetime@1-2:expires_in=0'), meanwhile: withoutToken },
    { ...known('gives a lifetime below 0', 'token-lifetime@1-2:expires_in=-5'), meanwhile: withoutToken },
    { ...known('gives no lifetime', 'token-lifetime@1-2:expires_in=missing'), meanwhile: withoutToken },
    {
      name: 'refuses an expired secret: blocked, one alert, well again once it is cured',
      meanwhile: async (cell) => {
        await cell.simulator.setSecret('another');
        await cell.simulator.expireTokens();
        await delay(2_500);
        await cell.simulator.setSecret(cell.simulator.secret);
      },
      check: ({ log, tokens }) => {
        // The export may have been through before the secret was changed.
        assert.ok(countEvents(log, 'connector.blocked') <= 1, 'one alert');
        assert.ok(tokens.length < 10, `${tokens.length} requests for a token`);
      },
    },
  ],
  'the connector says that it did not take the records': [
    known('401: one fresh token, the same bytes once more', '401@1', {
      check: ({ log, requests }) => {
        assert.equal(countEvents(log, 'connector.blocked'), 0);
        assert.equal(requests.length, 4);
      },
    }),
    known('401 again and again: blocked', '401@1-6', { check: blockedOnce }),
    known('403: blocked', '403@1-4', { check: blockedOnce }),
    known('404: blocked', '404@1-4', { check: blockedOnce }),
    known('a redirect: blocked, not followed', 'redirect@1-4', { check: blockedOnce }),
    known('429 with seconds', '429@1:retry-after=1'),
    known('429 with a date', '429@1:retry-after=date+2'),
    known('429 with 0', '429@1-2:retry-after=0'),
    known('429 below 0', '429@1-2:retry-after=-1'),
    known('429 with words', '429@1-2:retry-after=soon'),
    known('429 again and again: in the end all drains', '429@1-15'),
    known('425', '425@1-3'),
  ],
  'the outcome is unknown: each repetition is counted': [
    ...['500', '501', '502', '503', '504', '408'].map((status) => ambiguous(status, `${status}@1`)),
    ambiguous('three times over', '500@1-3', { duplicated: 15 }),
    ambiguous('a status although it was taken', '500@1:accepted', { check: twice }),
    ambiguous('reset after the body, taken', 'reset-after@1', { check: twice }),
    ambiguous('reset after the body, not taken', 'reset-before@1'),
    ambiguous('no answer within the deadline, taken', 'hang-after@1', { check: twice }),
    ambiguous('no answer within the deadline, not taken', 'hang@1'),
    ambiguous('an answer that drips', 'slow@1', { check: twice }),
    ambiguous('an answer without end', 'endless@1', { check: twice }),
    ambiguous('an answer cut off', 'cut@1', { check: twice }),
  ],
  'the connector refuses records': [
    ...['400', '422'].map((status) =>
      known(`${status} for a record: it alone goes to quarantine`, `${status}:hash=1/16`, {
        records: 45,
        refusedBatches: 0.5,
        check: ({ row }) => {
          assert.equal(row.state, 'completedWithRefusals');
          assert.ok(row.quarantined > 0);
        },
      }),
    ),
    known('413: sent in smaller parts', '413:above=700', {
      check: ({ requests }) => assert.ok(requests.filter(({ accepted }) => accepted).length > 3),
    }),
  ],
  'the connector accepts strangely': [
    known('nothing in the answer', 'empty@1'),
    known('a web page', 'html@1', {
      check: ({ log }) => assert.equal(countEvents(log, 'batch.strangeAnswer'), 1),
    }),
    known('fewer records saved: counted as failed, alerted, not sent again by itself', 'fewer@1:by=2', {
      check: ({ row, log, requests }) => {
        assert.deepEqual([row.state, row.failed, row.accepted], ['failed', 2, 13]);
        assert.equal(row.reasons[0]?.code, 'COUNT_GAP');
        assert.equal(countEvents(log, 'batch.countGap'), 1);
        assert.equal(requests.length, 3);
      },
    }),
  ],
};

for (const [group, rows] of Object.entries(GROUPS)) {
  describe(group, () => {
    for (const row of rows) test(row.name, () => holdTo(row));
  });
}

test('a service that quotes body and token leaves neither anywhere but in quarantine', async () => {
  const { row, wrong, log } = await deliver(cell, { faults: 'echo@4-12', records: 45 });
  const secrets = [CANARY, 'Bearer ', cell.simulator.secret];
  assert.deepEqual(holds(log, secrets), []);
  assert.deepEqual(holds(JSON.stringify([row, await cell.ledger.chunks(row.exportId)]), secrets), []);
  assert.deepEqual(
    wrong.filter((words) => words.includes('value')),
    [],
  );
});
