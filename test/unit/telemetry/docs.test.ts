import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { METRICS } from '../../../shared/telemetry/metrics.ts';
import { SPAN_NAMES } from '../../../shared/telemetry/telemetry.ts';
import { PROJECT } from '../../support/cli.ts';

const docs = readFileSync(path.join(PROJECT, 'docs/status.md'), 'utf8');
const LOGGED = /(?:\.(?:debug|info|warn|error)|\])\(\s*'([a-z][A-Za-z]*\.[A-Za-z.]+)'/gu;

test('every event, span and metric that the code emits is in the docs', () => {
  const events = globSync(['shared/**/*.ts', 'functions/**/*.ts'], { cwd: PROJECT }).flatMap((file) =>
    [...readFileSync(path.join(PROJECT, file), 'utf8').matchAll(LOGGED)].map(([, event]) => event ?? ''),
  );
  assert.ok(events.length > 20);
  const names = new Set([...events, ...SPAN_NAMES, ...Object.keys(METRICS)]);
  assert.deepEqual([...names].filter((name) => !docs.includes(`\`${name}\``)).toSorted(), []);
});
