import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { addStackOptions, refuseSimulatorOptions } from '../../../local/cli/options.ts';

const parsed = (...options: string[]): Command =>
  addStackOptions(new Command('start')).parse(options, { from: 'user' });
const URL_OPTION = ['--connector-url', 'http://127.0.0.1:9'];

test('what only the simulator heeds is refused where it does not run, and named', () => {
  for (const given of [
    ['--received', 'r'],
    ['--latency', '0'],
    ['--faults', '503'],
    ['--seed', '42'],
  ])
    assert.throws(
      () => refuseSimulatorOptions(parsed(...URL_OPTION, ...given)),
      new RegExp(`^UsageError: ${given[0]} would do nothing`, 'u'),
    );
  assert.throws(
    () => refuseSimulatorOptions(parsed(...URL_OPTION, '--latency', '3', '--faults', '503')),
    /--latency, --faults would do nothing/u,
  );
});

test('the seed of a sample is heeded without the simulator, and everything with it', () => {
  refuseSimulatorOptions(parsed(...URL_OPTION));
  refuseSimulatorOptions(parsed(...URL_OPTION, '--seed', '7'), true);
  refuseSimulatorOptions(parsed('--seed', '7', '--received', 'r', '--latency', '3', '--faults', '503'));
});
