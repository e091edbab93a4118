import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BenchReport } from '../../bench/support/types.ts';
import { runCli } from '../support/cli.ts';

const NAMES = ['scan', 'validate', 'pipeline', 'latency', 'scale', 'instances', 'cold'];

/** How fast a machine is fails nothing: machines differ. */
test('every benchmark runs through in its short form and gives a figure for each thing it measures', async () => {
  const run = await runCli(['bench', '--json']);
  assert.equal(run.code, 0, run.stderr);
  const report = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as BenchReport;
  assert.deepEqual(
    report.results.map(({ name }) => name),
    NAMES,
  );
  for (const { name, rows } of report.results) {
    assert.ok(rows.length > 0, `${name} measured nothing`);
    for (const { what, figures } of rows)
      assert.ok(
        Object.values(figures).some((figure) => figure > 0),
        `${name}: no figure of ${what}`,
      );
  }
});
