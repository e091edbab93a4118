import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExportView } from '../../../local/cli/ledgerView.ts';
import type { Progress } from '../../../local/cli/progress.ts';
import { earlierWords, resultsOf } from '../../../local/cli/results.ts';
import type { Stack } from '../../../local/cli/stack.ts';
import { resultOf } from '../../../local/cli/summary.ts';
import { followExports, waitingWords, type Followed, type Seen } from '../../../local/cli/watchRun.ts';
import type { ChunkRow, ConnectorRow, ExportRow } from '../../../shared/ledger/model.ts';
import { aChunkRow, anExportRow } from '../../support/ledgerRows.ts';

const REASON = { code: 'HTTP_403', status: 403, cause: 'refused.', cure: 'cure it.' };
const PARKED = { code: 'HTTP_503', status: 503, cause: 'down.', cure: 'wait.' };
const STACK = {} as Stack;

const viewOf = (change: Partial<ExportRow>, ...chunks: Partial<ChunkRow>[]): ExportView => ({
  row: anExportRow(change),
  chunks: chunks.map((each, index) => aChunkRow({ chunk: index + 1, ...each })),
});
const followed = (name: string): Followed => ({ name, exportId: () => Promise.resolve(name) });

/** A ledger that says, look after look, the next thing of each export; the last is what it stays at. */
function ledgerOf(views: Record<string, ExportView[]>, connector?: Partial<ConnectorRow>) {
  const now = (id: string): ExportView | undefined => views[id]?.[0];
  return {
    connector: () => Promise.resolve(connector as ConnectorRow | undefined),
    export: (_: string, id: string) => {
      const view = now(id);
      if ((views[id]?.length ?? 0) > 1) views[id]?.shift();
      return Promise.resolve(view);
    },
    unfinished: () =>
      Promise.resolve(
        Object.keys(views).flatMap((id) => {
          const row = now(id)?.row;
          return row && row.finishedAt === undefined ? [{ ...row, exportId: id }] : [];
        }),
      ),
  };
}

function quiet(said: string[] = []): Progress {
  return { update: () => undefined, say: (line) => said.push(line), stop: () => undefined };
}
const UNENDING = new AbortController().signal;
const ENDED = { finishedAt: '2026-11-21T06:00:09.000Z' } as const;

test('the figures of an export under way are those of its chunks, and each reason is told once', () => {
  const chunk = { records: 200, accepted: 100, quarantined: 2, possiblyDuplicated: 5, reason: PARKED };
  const view = viewOf({ state: 'pushing', records: 400, chunks: 2 }, chunk, chunk);
  const { records, accepted, quarantined, failed, possiblyDuplicated, chunks, reasons } = resultOf(
    'a.csv',
    view,
    [REASON, REASON],
  );
  assert.deepEqual(
    [records, accepted, quarantined, failed, possiblyDuplicated, chunks],
    [400, 200, 4, 0, 10, 2],
  );
  assert.deepEqual(reasons, ['HTTP_503: down. Cure: wait.', 'HTTP_403: refused. Cure: cure it.']);
});

test('why a run stopped is told of exports that have not ended, and of no other', async () => {
  const names = ['refused', 'completed', 'pushing', 'unheard', 'missing'];
  const [, ended, under, unheard] = names.map(followed);
  assert.ok(ended && under && unheard);
  const seen: Seen = new Map([
    [ended, viewOf({ state: 'completedWithRefusals', records: 3, accepted: 2, quarantined: 1, ...ENDED })],
    [under, viewOf({ state: 'pushing', records: 3 }, {})],
  ]);
  const exports = [
    { name: 'refused', refused: PARKED },
    ...[ended, under, unheard].map((one) => ({ name: one.name, followed: one })),
    { name: 'missing' },
  ];
  const results = await resultsOf(exports, seen, STACK, REASON);
  const why = 'HTTP_403: refused. Cure: cure it.';
  assert.deepEqual(
    results.map(({ state, reasons }) => [state, reasons]),
    [
      ['rejected', ['HTTP_503: down. Cure: wait.']],
      ['completedWithRefusals', []],
      ['pushing', [why]],
      ['uploaded', [why]],
      ['notUploaded', [why]],
    ],
  );
});

test('what an earlier run left unfinished is followed to its end, also when it shows up late, and told apart', async () => {
  const asked = followed('asked');
  const done = { state: 'completed', records: 3, accepted: 3, ...ENDED } as const;
  const ledger = ledgerOf({
    asked: [viewOf({ state: 'completed', ...ENDED })],
    early: [viewOf({ state: 'pushing', blobName: 'healthcare/early.csv' }), viewOf(done)],
  });
  const unfinished = ledger.unfinished;
  const late = ledgerOf({ late: [viewOf({ blobName: 'healthcare/late.csv' }), viewOf(done)] });
  let looks = 0;
  const both = {
    ...ledger,
    export: (connector: string, id: string) => (id === 'late' ? late : ledger).export(connector, id),
    unfinished: async () => [...(await unfinished()), ...((looks += 1) > 1 ? await late.unfinished() : [])],
  };
  const seen: Seen = new Map();
  const said: string[] = [];
  const stoppedBy = await followExports([asked], seen, 'healthcare', both, quiet(said), UNENDING);
  assert.equal(stoppedBy, undefined);
  assert.deepEqual(said, [
    'early.csv (of an earlier run): goes on.',
    'late.csv (of an earlier run): goes on.',
  ]);
  assert.deepEqual(earlierWords(seen), [
    'early.csv (of an earlier run): ended completed, 3 of 3 records accepted.',
    'late.csv (of an earlier run): ended completed, 3 of 3 records accepted.',
  ]);
  assert.equal([...seen].length, 3);
});

test('an export that is held ends the run once the others have ended, with its own reason', async () => {
  const [held, moving] = ['held', 'moving'].map(followed);
  assert.ok(held && moving);
  const ledger = ledgerOf({
    held: [viewOf({ state: 'pushing' }, { state: 'held', reason: PARKED })],
    moving: [viewOf({ state: 'pushing' }, { state: 'pushing' }), viewOf({ state: 'completed', ...ENDED })],
  });
  const seen: Seen = new Map();
  const stoppedBy = await followExports([held, moving], seen, 'healthcare', ledger, quiet(), UNENDING);
  assert.equal(stoppedBy, PARKED);
  assert.equal(seen.get(moving)?.row.state, 'completed');
});

test('a blocked connector ends the run at once', async () => {
  const until = new Date(Date.now() + 60_000).toISOString();
  const ledger = ledgerOf(
    { a: [viewOf({ state: 'pushing' }, {})] },
    { kind: 'blocked', circuit: 'open', until, reason: REASON },
  );
  const stoppedBy = await followExports([followed('a')], new Map(), 'healthcare', ledger, quiet(), UNENDING);
  assert.equal(stoppedBy, REASON);
});

test('whenever chunks wait, the reason and the next try are shown, with the date unless it is today', () => {
  const now = Date.parse('2026-11-21T23:00:00Z');
  const waiting = { state: 'waiting', reason: PARKED } as const;
  const later = { ...waiting, dueAt: '2026-11-22T01:02:03.000Z' };
  const soon = { ...waiting, dueAt: '2026-11-21T23:10:00.000Z' };
  const words = (...chunks: Partial<ChunkRow>[]) =>
    waitingWords(viewOf({ state: 'pushing' }, ...chunks), undefined, now);
  assert.equal(words({ state: 'pushing' }), undefined);
  assert.equal(words(later), 'waiting until 2026-11-22 01:02:03 UTC (HTTP_503: down.)');
  assert.equal(words(later, soon), 'waiting until 23:10:00 UTC (HTTP_503: down.)');
  assert.equal(
    words(later, { state: 'pushing' }),
    'pushing, 1 chunk waiting until 2026-11-22 01:02:03 UTC (HTTP_503: down.)',
  );
});
