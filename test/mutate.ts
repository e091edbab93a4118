/**
 * `npm run mutate [-- AREA …]`: mutation testing of the parts on which the promises rest. Stryker changes the code in one place
 * at a time and runs the unit tests that reach this place; a change that no test notices is a line that is run, but not tested.
 * Fails below the least score. What survived, in its place in the code: reports/mutation/AREA.html.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';
import { ROOT } from '../local/build/build.ts';

/** Percent of the mutants that a test must notice, in each area. */
const LEAST_SCORE = 80;

type Area = { readonly files: readonly string[]; readonly tests: readonly string[] };

const AREAS: Readonly<Record<string, Area>> = {
  scanner: {
    files: ['export/scanner', 'export/records', 'schema/fields'],
    tests: ['export/scanner', 'schema/fields', 'export/scanner.property', 'export/records'],
  },
  validation: {
    files: ['schema/validator', 'schema/time', 'schema/timeFormat', 'schema/mapping'],
    tests: [
      'schema/time',
      'schema/mapping',
      'schema/validator',
      'schema/codes',
      'schema/validator.property',
      'schema/rewrite',
      'export/plan',
    ],
  },
  outcomes: {
    files: ['connector/outcomes', 'connector/outcomeTable', 'connector/retryAfter'],
    tests: ['connector/retryAfter', 'connector/outcomes', 'delivery/docs'],
  },
  ledger: {
    files: [
      'ledger/exports',
      'ledger/chunks',
      'ledger/reissue',
      'ledger/contents',
      'ledger/batches',
      'ledger/parts',
      'delivery/batchBook',
    ],
    tests: [
      'ledger/exports',
      'ledger/chunks',
      'ledger/contents',
      'ledger/reissue',
      'ledger/parts',
      'delivery/batchBook',
    ],
  },
  pacing: {
    files: ['delivery/pacing', 'delivery/slots', 'delivery/circuit'],
    tests: ['delivery/circuit', 'delivery/slots', 'delivery/pacing'],
  },
};

/** What the tests of all areas need, and no more: it is copied before each run. */
const COPIED = ['shared', 'local', 'test', 'docs', 'mappings', 'package.json'];

/** Random tests as long as it takes to meet every rule, and no longer: they run once for each mutant. */
const SHORTENED = { PROPERTY_CASES: '300', PROPERTY_RUNS: '1000', SCHEDULES: '10' };

export async function main(args: readonly string[]): Promise<void> {
  const unknown = args.filter((arg) => !(arg in AREAS));
  if (unknown.length > 0)
    throw new Error(`There is no area ${unknown.join(', ')}; there are ${Object.keys(AREAS).join(', ')}.`);
  // Stripping the types of the same files thousands of times would take half of the time.
  Object.assign(process.env, SHORTENED, { NODE_COMPILE_CACHE: join(ROOT, '.local', 'compiled') });
  process.chdir(ROOT);
  for (const [name, area] of Object.entries(AREAS)) {
    if (args.length === 0 || args.includes(name)) await mutate(name, area);
  }
}

async function mutate(name: string, { files, tests }: Area): Promise<void> {
  console.log(`\n${name}`);
  const stryker = new Stryker({
    mutate: files.map((file) => `shared/${file}.ts`),
    ignorePatterns: ['/*', ...COPIED.map((path) => `!/${path}`)],
    plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/tap-runner'))],
    testRunner: 'tap',
    tap: {
      testFiles: tests.map((file) => `test/unit/${file}.test.ts`),
      nodeArgs: ['--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'],
    },
    coverageAnalysis: 'perTest',
    // Types are stripped, not checked, so nothing has to be switched off for the mutants.
    disableTypeChecks: false,
    timeoutMS: 3000,
    concurrency: 2,
    reporters: ['progress-append-only', 'clear-text', 'html'],
    clearTextReporter: { reportTests: false, allowColor: false, logTests: false },
    htmlReporter: { fileName: `reports/mutation/${name}.html` },
    thresholds: { high: 90, low: LEAST_SCORE, break: LEAST_SCORE },
  });
  await stryker.runMutationTest();
}
