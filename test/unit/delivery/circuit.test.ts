import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeCircuit } from '../../../shared/delivery/admit.ts';
import type { ChunkRun } from '../../../shared/delivery/chunkRun.ts';
import { admission, closed, gated, opened, probing, unprobed } from '../../../shared/delivery/circuit.ts';
import { ConnectorGate } from '../../../shared/delivery/connectorGate.ts';
import { newConnectorRow } from '../../../shared/ledger/connectorRows.ts';
import { MemoryTable } from '../../support/memoryStores.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

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

const at = (ms: number): string => new Date(ms).toISOString();
const told = (of: { code: string }): string => of.code;

test('who has to wait is told until when and why', () => {
  const open = opened(row, 'a', outage, 0);
  const cases: [what: string, row: typeof row, now: number, until: number, brief: boolean, code: string][] = [
    ['paused', { ...open, paused: true }, 500, 600_500, false, 'CONNECTOR_PAUSED'],
    ['a gate', gated(row, 5_000), 500, 5_000, false, 'RETRY_AFTER'],
    ['an open circuit', open, 500, 1_000, false, 'HTTP_503'],
    ['a gate within the delay of a circuit', gated(open, 700), 500, 1_000, false, 'HTTP_503'],
    ['a gate beyond it', gated(open, 7_000), 500, 7_000, false, 'HTTP_503'],
    ['a probe by another', probing(open, 'b', 9_000), 2_000, 9_000, true, 'HTTP_503'],
    ['a gate while another probes', gated(probing(open, 'b', 9_000), 5_000), 500, 5_000, false, 'HTTP_503'],
    ['a probe without a reason', probing(row, 'b', 9_000), 500, 9_000, true, 'PROBE_UNDER_WAY'],
    ['a gate on it', gated(probing(row, 'b', 9_000), 5_000), 500, 5_000, false, 'RETRY_AFTER'],
  ];
  for (const [what, from, now, until, brief, code] of cases) {
    const admitted = admission(from, now, 'a');
    assert.ok(admitted.kind === 'wait', what);
    assert.deepEqual([admitted.until, admitted.brief, told(admitted.reason)], [until, brief, code], what);
    assert.match(admitted.reason.cause, /^[A-Z].+\.$/, what);
    assert.match(admitted.reason.cure, /^[A-Z].+\.$/, what);
  }
});

test('a gate is rounded up to the next millisecond, never down into the time that was asked for', () => {
  assert.equal(gated(row, 5_000.2).gateUntil, at(5_001));
  const shut = gated(row, 5_000);
  assert.equal(gated(shut, 5_000), shut);
  assert.equal(gated(shut, 5_001).gateUntil, at(5_001));
});

test('the row tells what happened to the circuit, and nothing of it once it is closed', () => {
  const open = opened(row, 'a', outage, 500);
  assert.deepEqual(open, {
    ...row,
    circuit: 'open',
    kind: 'outage',
    reason,
    since: at(500),
    until: at(1_000),
    failures: 1,
    probeOwner: '',
  });
  assert.equal(opened(open, 'a', outage, 600), open, 'another was faster');
  const trying = probing(open, 'b', 60_000);
  assert.deepEqual(trying, { ...open, circuit: 'probing', probeOwner: 'b', until: at(60_000) });
  assert.deepEqual(opened(trying, 'b', outage, 3_000), { ...open, until: at(2_000), failures: 2 });
  assert.deepEqual(unprobed(trying, 'b', 3_000), { ...open, until: at(3_000) });
  assert.deepEqual(closed(trying, 'b', 3_000), { ...row, lastAcceptedAt: at(3_000) });
  assert.deepEqual(closed(trying, 'b'), row);
});

test('a probe that began without an outage opens the circuit from when it failed', () => {
  assert.equal(opened(probing(row, 'b', 9_000), 'b', outage, 3_000).since, at(3_000));
});

test('who tried once cannot decide when the probe is no longer under way', () => {
  const over = { ...opened(row, 'a', outage, 0), probeOwner: 'b' };
  assert.equal(unprobed(over, 'b', 3_000), over);
  assert.equal(closed(over, 'b', 3_000), over);
  assert.equal(opened(over, 'b', outage, 3_000), over);
  assert.equal(admission(over, 500, 'b').kind, 'wait');
});

test('a connector is told as recovered by the probe that decided so, not by one whose right had lapsed', async () => {
  const clock = new VirtualClock();
  const gate = new ConnectorGate(new MemoryTable('connectors'), 'healthcare', clock);
  const told: string[] = [];
  const log = { info: (event: string) => void told.push(event) };
  const run = { services: { clock, log }, lane: { gate }, exportRow: { connector: 'healthcare' } };
  await gate.change(() => probing(opened(row, 'a', outage, 0), 'b', 60_000));
  await closeCircuit(run as unknown as ChunkRun, 'a', true);
  assert.deepEqual(told, []);
  await closeCircuit(run as unknown as ChunkRun, 'b', true);
  await closeCircuit(run as unknown as ChunkRun, 'b', true);
  assert.deepEqual(told, ['connector.recovered']);
});
