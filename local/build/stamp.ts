import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Bundle } from './bundle.ts';

/** What a build was made of, and what it made. */
export type Stamp = {
  /** Time of change and size of every source file and folder, by path relative to the root. */
  readonly sources: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
  /** Folders of the packages inside the app. */
  readonly appPackages: readonly string[];
};

/** Changes of these change the build without being bundled. */
const ALWAYS = ['package-lock.json', 'local/build/bundle.ts', 'local/build/build.ts'];

export function makeStamp(root: string, app: Bundle, ...programs: readonly Bundle[]): Stamp {
  const inputs = [app, ...programs].flatMap((bundle) => bundle.inputs);
  const files = [...new Set([...inputs, ...ALWAYS])].sort();
  // A folder changes when a file comes or goes: what is imported by pattern may then be another set.
  const paths = [...files, ...new Set(inputs.map((path) => dirname(path)))];
  return {
    sources: Object.fromEntries(paths.map((path) => [path, markOf(root, path)])),
    outputs: [app, ...programs].flatMap((bundle) => bundle.outputs),
    appPackages: app.packages,
  };
}

export function readStamp(file: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Stamp;
  } catch {
    return undefined;
  }
}

export function writeStamp(file: string, stamp: Stamp): void {
  writeFileSync(file, JSON.stringify(stamp));
}

/** Whether nothing changed since: a `stat` of each source, a few ms in all. */
export function isFresh(root: string, stamp: Stamp | undefined): stamp is Stamp {
  if (stamp === undefined) return false;
  return (
    Object.entries(stamp.sources).every(([path, mark]) => markOf(root, path) === mark) &&
    stamp.outputs.every((path) => markOf(root, path) !== GONE)
  );
}

const GONE = 'gone';

function markOf(root: string, path: string): string {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  return stats === undefined ? GONE : `${stats.mtimeMs} ${stats.isDirectory() ? '' : stats.size}`;
}
