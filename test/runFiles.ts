import { join, relative } from 'node:path';
import { run } from 'node:test';
import type { EventData } from 'node:test';
import { inspect } from 'node:util';
import { addTotals, type Failure, NOTHING, type Totals } from './totals.ts';

/** A file that hangs is ended. */
const FILE_TIMEOUT_MS = 15 * 60_000;

/**
 * Runs test files, each in a process of its own, `concurrency` at a time.
 * @param onFile called as each file ends
 */
export async function runFiles(
  root: string,
  files: readonly string[],
  concurrency: number,
  onFile: (file: string, passed: boolean, durationMs: number) => void,
): Promise<Totals> {
  let totals = NOTHING;
  if (files.length === 0) return totals;
  const errors = new Map<string, string>();
  const failed = new Set<string>();
  const add = (part: Partial<Totals>): void => void (totals = addTotals(totals, { ...NOTHING, ...part }));
  const events = run({
    files: files.map((file) => join(root, file)),
    concurrency,
    cwd: root,
    timeout: FILE_TIMEOUT_MS,
  });

  for await (const { type, data } of events) {
    switch (type) {
      case 'test:stderr':
        errors.set(data.file, (errors.get(data.file) ?? '') + data.message);
        break;
      case 'test:diagnostic':
        if (data.level !== 'info')
          errors.set(data.file ?? '', `${errors.get(data.file ?? '') ?? ''}${data.message}\n`);
        break;
      case 'test:pass':
        if (data.details.type !== 'suite') add(data.skip === undefined ? { passed: 1 } : { skipped: 1 });
        break;
      case 'test:fail':
        failed.add(data.file ?? '');
        if (!isSummary(data)) add({ failures: [failureOf(root, data, errors)] });
        break;
      case 'test:summary':
        if (data.file !== undefined)
          onFile(relative(root, data.file), !failed.has(data.file), data.duration_ms);
        break;
      default:
    }
  }
  return totals;
}

/** A suite fails with its tests: they were counted. */
function isSummary({ details }: EventData.TestFail): boolean {
  return (details.error as Error & { failureType?: string }).failureType === 'subtestsFailed';
}

function failureOf(
  root: string,
  { name, file, line, details }: EventData.TestFail,
  errors: Map<string, string>,
): Failure {
  const { cause, message, exitCode } = details.error as Error & { exitCode?: number };
  const told = errors.get(file ?? '') ?? '';
  const problem =
    cause instanceof Error ? inspect(cause, { depth: 5 }) : `${message} (exit code ${exitCode ?? 0})`;
  return {
    where: file === undefined ? '' : `${relative(root, file)}:${line ?? 1}`,
    what: name,
    details: told === '' ? problem : `${problem}\nIt printed:\n${told}`,
  };
}
