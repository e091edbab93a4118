/**
 * `npm run coverage`: how much of shared/ the unit tests and the integration tests of storage and connector run through.
 * Fails below the least shares.
 */
import { glob } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import type { EventData } from 'node:test';
import { ensureBuilt, ROOT } from '../local/build/build.ts';

/** Percent. */
const LEAST = { lines: 95, branches: 90 } as const;

const TESTS = [
  'test/unit/**/*.test.ts',
  'test/integration/storage*.test.ts',
  'test/integration/connector*.test.ts',
];

/** The long random tests meet no further branch after so many cases. */
const SHORTENED = { PROPERTY_CASES: '5000', SCHEDULES: '100' };

/** Files shown: those that leave most branches out. */
const SHOWN = 15;

type Summary = EventData.TestCoverage['summary'];

export async function main(): Promise<void> {
  await ensureBuilt();
  Object.assign(process.env, SHORTENED);
  const files: string[] = [];
  for await (const file of glob(TESTS, { cwd: ROOT })) files.push(join(ROOT, file));
  const events = run({
    files: files.toSorted(),
    concurrency: 1,
    cwd: ROOT,
    coverage: true,
    coverageIncludeGlobs: ['shared/**'],
  });

  for await (const { type, data } of events) {
    if (type === 'test:fail') {
      process.exitCode = 1;
      console.log(`✖ ${relative(ROOT, data.file ?? '')} ${data.name}`);
    }
    if (type === 'test:coverage') report(data.summary);
  }
}

function report({ files, totals }: Summary): void {
  const missed = (file: Summary['files'][number]): number => file.totalBranchCount - file.coveredBranchCount;
  const worst = files.toSorted((a, b) => missed(b) - missed(a)).slice(0, SHOWN);
  for (const file of worst) console.log(`${figures(file)}  ${relative(ROOT, file.path)}`);
  console.log(`${figures(totals)}  all ${files.length} files of shared/`);

  if (totals.coveredLinePercent >= LEAST.lines && totals.coveredBranchPercent >= LEAST.branches) return;
  process.exitCode = 1;
  console.log(`✖ At least ${LEAST.lines} % of lines and ${LEAST.branches} % of branches are asked for.`);
}

function figures(of: Pick<Summary['totals'], 'coveredLinePercent' | 'coveredBranchPercent'>): string {
  const percent = (value: number): string => value.toFixed(2).padStart(6);
  return `${percent(of.coveredLinePercent)} % of lines ${percent(of.coveredBranchPercent)} % of branches`;
}
