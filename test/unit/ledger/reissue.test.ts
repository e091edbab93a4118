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
