import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createProgress } from '../../../local/cli/progress.ts';
import type { ScanCheckpoint } from '../../../shared/export/types.ts';
import type { ExportRow } from '../../../shared/ledger/model.ts';
import { anExportRow } from '../../support/ledgerRows.ts';

const CHECKPOINT: ScanCheckpoint = {
  offset: 1_190,
  records: 1,
  line: 2,
  chunks: 1,
  utf8: { wellFormed: false, malformed: false },
};
const view = (change: Partial<ExportRow>) => ({ row: anExportRow(change), chunks: [] });
const piped = (): [NodeJS.WriteStream, string[]] => [new PassThrough() as unknown as NodeJS.WriteStream, []];

test('a line for each step, and no share of nothing', () => {
  const [stream, lines] = piped();
  const progress = createProgress(stream, (line) => lines.push(line));
  const steps: Partial<ExportRow>[] = [
    { state: 'received', bytes: 1 },
    { state: 'splitting', bytes: 2_000, checkpoint: CHECKPOINT },
    { state: 'pushing', records: 1 },
    { state: 'pushing', records: 1 },
    { state: 'completed', records: 1, accepted: 1 },
    { state: 'completed', records: 0 },
    { state: 'rejected', records: 0 },
    { state: 'rejected', records: 200 },
    { state: 'duplicate', records: 200 },
  ];
  for (const step of steps) progress.update('a\u001B.csv', view(step));
  progress.update('a.csv', view({ state: 'pushing', records: 4, accepted: 1 }), 'waiting until noon');
  assert.deepEqual(lines, [
    'a\\u{1b}.csv: received, 0 % of 1 byte scanned',
    'a\\u{1b}.csv: splitting, 50 % of 2,000 bytes scanned',
    'a\\u{1b}.csv: pushing, 0 % of 1 record',
    'a\\u{1b}.csv: completed, 100 % of 1 record',
    'a\\u{1b}.csv: completed',
    'a\\u{1b}.csv: rejected',
    'a\\u{1b}.csv: duplicate',
    'a.csv: waiting until noon, 20 % of 4 records',
  ]);
});
