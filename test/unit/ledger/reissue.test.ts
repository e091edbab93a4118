import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newConnectorRow } from '../../../shared/ledger/connectorRows.ts';
import type { ChunkRow, ConnectorRow } from '../../../shared/ledger/model.ts';
import { isDue } from '../../../shared/ledger/reissue.ts';
import { aChunkRow } from '../../support/ledgerRows.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const MINUTE = 60_000;
const GRACE = 2 * MINUTE;
const ago = (minutes: number): string => new Date(NOW - minutes * MINUTE).toISOString();

const well = { ...newConnectorRow('healthcare'), lastAcceptedAt: ago(1) };

const cases: [what: string, due: boolean, chunk: Partial<ChunkRow>, connector?: ConnectorRow][] = [
  ['pending, queued by the split a moment ago', false, { state: 'pending' }],
  ['pending for long, never taken', true, { state: 'pending', issuedAt: ago(21), issues: 1 }],
  ['pending, its second message is on its way', false, { state: 'pending', issuedAt: ago(19), issues: 1 }],
  ['pending for over an hour after many messages', true, { state: 'pending', issuedAt: ago(61), issues: 99 }],
  ['pushing under a claim', false, { state: 'pushing', issuedAt: ago(90), claimUntil: ago(-1) }],
  ['pushing, the claim lapsed just now', false, { state: 'pushing', issuedAt: ago(90), claimUntil: ago(1) }],
  ['pushing, the claim lapsed', true, { state: 'pushing', issuedAt: ago(90), issues: 9, claimUntil: ago(3) }],
  [
    'pushing, the claim lapsed and a message was sent since',
    false,
    { state: 'pushing', issuedAt: ago(5), issues: 1, claimUntil: ago(9) },
  ],
  [
    'waiting, not due',
    false,
    { state: 'waiting', stateAt: ago(30), issuedAt: ago(30), issues: 1, dueAt: ago(-30) },
  ],
  [
    'waiting, due, its delayed message never came',
    true,
    { state: 'waiting', stateAt: ago(90), issuedAt: ago(90), issues: 40, dueAt: ago(3) },
  ],
  [
    'waiting for eight days, longer than any message lives',
    true,
    { state: 'waiting', stateAt: ago(8 * 1440), issuedAt: ago(8 * 1440), dueAt: ago(8 * 1440 - 60) },
  ],
  [
    'waiting, due, but the connector is paused',
    false,
    { state: 'waiting', stateAt: ago(90), issuedAt: ago(90), dueAt: ago(3) },
    { ...well, paused: true },
  ],
  [
    'waiting, and the connector took records since',
    true,
    { state: 'waiting', stateAt: ago(30), issuedAt: ago(30), dueAt: ago(-30) },
    well,
  ],
  [
    'waiting, and the connector took records only before',
    false,
    { state: 'waiting', stateAt: ago(30), issuedAt: ago(30), dueAt: ago(-30) },
    { ...well, lastAcceptedAt: ago(31) },
  ],
  [
    'waiting, and the circuit is open again',
    false,
    { state: 'waiting', stateAt: ago(30), issuedAt: ago(30), dueAt: ago(-30) },
    { ...well, circuit: 'open' },
  ],
  ['held for a human', false, { state: 'held', issuedAt: ago(9_999) }],
  ['delivered', false, { state: 'delivered', issuedAt: ago(9_999) }],
  ['failed', false, { state: 'failed', issuedAt: ago(9_999) }],
];

for (const [what, due, chunk, connector] of cases) {
  test(`${due ? 'a further message for' : 'no message for'} a chunk that is ${what}`, () => {
    assert.equal(isDue(aChunkRow(chunk), { stateAt: ago(5) }, connector, NOW, GRACE), due);
  });
}

test('patience is 5 graces, twice as many after each message, 30 at most', () => {
  for (const [issues, graces] of [
    [0, 5],
    [1, 10],
    [2, 20],
    [3, 30],
    [99, 30],
  ] as const) {
    // prettier-ignore
    const chunk = aChunkRow({ state: 'pending', issues, issuedAt: new Date(NOW).toISOString() });
    const due = (after: number): boolean => isDue(chunk, { stateAt: '' }, undefined, NOW + after, GRACE);
    assert.equal(due(graces * GRACE), false);
    assert.equal(due(graces * GRACE + 1), true);
  }
});

test('a chunk that never had a message of its own counts from when its export was queued', () => {
  const chunk = aChunkRow({ state: 'pending' });
  assert.equal(isDue(chunk, { stateAt: ago(10) }, undefined, NOW, GRACE), false);
  assert.equal(isDue(chunk, { stateAt: ago(11) }, undefined, NOW, GRACE), true);
});

test('a lapsed claim and a due time have one grace, then a message', () => {
  const old = { issuedAt: ago(600) };
  for (const chunk of [
    aChunkRow({ ...old, state: 'pushing', claimUntil: new Date(NOW).toISOString() }),
    aChunkRow({ ...old, state: 'waiting', stateAt: ago(60), dueAt: new Date(NOW).toISOString() }),
  ]) {
    const due = (after: number, issuedAt = chunk.issuedAt): boolean =>
      isDue({ ...chunk, issuedAt }, { stateAt: ago(600) }, undefined, NOW + after, GRACE);
    assert.equal(due(GRACE), false);
    assert.equal(due(GRACE + 1), true);
    const sent = (after: number): string => new Date(NOW + after).toISOString();
    // A message sent within the grace may have been taken for one that came too early; one after it is on its way.
    assert.equal(due(GRACE + 1, sent(GRACE)), true);
    assert.equal(due(GRACE + 5, sent(GRACE + 1)), false);
    assert.equal(due(GRACE + 1 + 5 * GRACE, sent(GRACE + 1)), false);
    assert.equal(due(GRACE + 2 + 5 * GRACE, sent(GRACE + 1)), true);
  }
});

test('records taken at the moment of parking are no sign that the connector is well again', () => {
  const parked = aChunkRow({ state: 'waiting', stateAt: ago(30), issuedAt: ago(30), dueAt: ago(-30) });
  const due = (lastAcceptedAt: string): boolean =>
    isDue(parked, { stateAt: ago(60) }, { ...well, lastAcceptedAt }, NOW, GRACE);
  assert.equal(due(ago(30)), false);
  assert.equal(due(ago(29)), true);
});
