import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admission, closed, gated, opened, probing, unprobed } from '../../../shared/delivery/circuit.ts';
import { newConnectorRow } from '../../../shared/ledger/connectorRows.ts';

const row = newConnectorRow('healthcare');
const reason = { code: 'HTTP_503', cause: 'It is down.', cure: 'None.' };
const outage = { kind: 'outage', reason, until: (failures: number) => 1_000 * failures } as const;

test('a connector that is well lets everybody through; a paused one nobody', () => {
  assert.deepEqual(admission(row, 0, 'a'), { kind: 'go', probe: false });
  assert.equal(admission({ ...row, paused: true }, 0, 'a').kind, 'wait');
});

test('the gate holds everybody back to its instant, a probe included, and never moves back', () => {
  const shut = gated(row, 5_000);
  assert.equal(admission(shut, 4_999, 'a').kind, 'wait');
  assert.equal(admission(shut, 5_000, 'a').kind, 'go');
  assert.equal(gated(shut, 4_000), shut);
  assert.equal(admission(gated(probing(row, 'a', 9_000), 5_000), 4_000, 'a').kind, 'wait');
});

test('after the delay one may probe; its success lets all through, its failure makes the delay grow', () => {
  const open = opened(row, 'a', outage, 0);
  assert.deepEqual([open.circuit, open.failures, open.until], ['open', 1, '1970-01-01T00:00:01.000Z']);
  assert.equal(admission(open, 999, 'b').kind, 'wait');
  assert.equal(admission(open, 1_000, 'b').kind, 'probeDue');
  const trying = probing(open, 'b', 60_000);
  assert.deepEqual(admission(trying, 2_000, 'b'), { kind: 'go', probe: true });
  const other = admission(trying, 2_000, 'c');
  assert.ok(other.kind === 'wait' && other.brief);
  assert.equal(admission(trying, 60_000, 'c').kind, 'probeDue', 'a probe that died is taken over');
  const again = opened(trying, 'b', outage, 3_000);
  assert.deepEqual([again.circuit, again.failures, again.since], ['open', 2, open.since]);
  const well = closed(trying, 'b', 3_000);
  assert.deepEqual([well.circuit, well.failures, well.reason], ['closed', 0, undefined]);
  assert.equal(unprobed(trying, 'b', 3_000).circuit, 'open');
});

test('only the probe itself decides while it is under way', () => {
  const trying = probing(opened(row, 'a', outage, 0), 'b', 60_000);
  assert.equal(opened(trying, 'c', outage, 3_000), trying);
  assert.equal(closed(trying, 'c'), trying);
  assert.equal(unprobed(trying, 'c', 3_000), trying);
});
