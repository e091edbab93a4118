import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt, ROOT } from '../local/build/build.ts';
import { WORK_FOLDER } from './support/exportFile.ts';
import { median, rounded } from './support/figures.ts';
import type { BenchOptions, BenchResult } from './support/types.ts';
import { QUIET_SETTINGS } from '../test/support/quietSettings.ts';

const LOADER = fileURLToPath(new URL('support/coldProcess.mjs', import.meta.url));
const CACHE = path.join(WORK_FOLDER, 'compile-cache');
const LIBRARY = '@azure/functions alone';
const APP = 'the app, bundled';
const APP_CACHED = 'the app, bundled, with Node’s compile cache';

/** From the start of a process until the app has registered its functions. */
export async function cold({ full }: BenchOptions): Promise<BenchResult> {
  await ensureBuilt();
  await rm(CACHE, { recursive: true, force: true });
  const app = path.join(ROOT, 'dist', 'app', 'main.mjs');
  const cases: Record<string, { entry?: string; env?: Record<string, string> }> = {
    'empty process': {},
    [LIBRARY]: { entry: fileURLToPath(import.meta.resolve('@azure/functions')) },
    [APP]: { entry: app },
    [APP_CACHED]: { entry: app, env: { NODE_COMPILE_CACHE: CACHE } },
  };
  const taken = new Map(Object.keys(cases).map((name) => [name, [] as number[]]));
  const rounds = full ? 31 : 9;
  // The first turn fills the page cache and the compile cache.
  for (let round = -1; round < rounds; round++) {
    for (const [name, { entry, env }] of Object.entries(cases)) {
      const ms = await startMs(entry, env);
      if (round >= 0) taken.get(name)?.push(ms);
    }
  }
  const library = taken.get(LIBRARY) ?? [];
  const ratio = (name: string): number =>
    rounded(median((taken.get(name) ?? []).map((ms, i) => ms / (library[i] ?? Number.NaN))));
  return {
    name: 'cold',
    about: `From the start of a process to the functions registered; medians of ${String(rounds)} turns.`,
    rows: [...taken].map(([what, ms]) => ({
      what,
      figures: { ms: rounded(median(ms)), [`times ${LIBRARY}`]: ratio(what) },
    })),
    verdicts: [{ what: `Start of the app against ${LIBRARY}, times as long`, value: ratio(APP), most: 2.5 }],
  };
}

async function startMs(entry: string | undefined, env: Record<string, string> = {}): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, [LOADER, ...(entry === undefined ? [] : [entry])], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...QUIET_SETTINGS, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${entry ?? 'An empty process'} did not load.`);
  return performance.now() - begun;
}
