import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleApp, bundleProgram } from './bundle.ts';
import { isFresh, makeStamp, readStamp, type Stamp, writeStamp } from './stamp.ts';

/** Root of the project: host.json, package.json and dist/ lie here. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** Program of the functions process. */
export const HOST_PROGRAM = join(ROOT, 'dist', 'local', 'functionsProcess.mjs');

/** The audit headers for applications that call FHIR: one file that needs nothing else. */
export const FHIR_LIBRARY = join('dist', 'lib', 'fhirAuditHeaders.mjs');

const APP = join('dist', 'app');
const STAMP = join(ROOT, 'dist', 'build.json');
/** A process that runs an older build may still load its chunks. */
const KEEP_OLD_CHUNKS_MS = 24 * 60 * 60 * 1000;

export type Built = {
  readonly appFiles: readonly string[];
  readonly appPackages: readonly string[];
  /** Whether anything had to be built. */
  readonly built: boolean;
};

/**
 * Builds what is out of date; a few ms when nothing is.
 * @returns the files of the app, and the folders of the packages inside them, relative to the root
 * @throws {Error} with every error of the source
 */
export async function ensureBuilt(): Promise<Built> {
  const known = readStamp(STAMP);
  const built = !isFresh(ROOT, known);
  const { outputs, appPackages } = built ? await build() : known;
  return { appFiles: outputs.filter((path) => path.startsWith(APP)), appPackages, built };
}

async function build(): Promise<Stamp> {
  const app = await bundleApp(ROOT, 'functions/main.ts', APP);
  const host = await bundleProgram(ROOT, 'local/host/process.ts', 'dist/local/functionsProcess.mjs');
  const library = await bundleProgram(ROOT, 'shared/fhir/client.ts', FHIR_LIBRARY);
  const stamp = makeStamp(ROOT, app, host, library);
  writeStamp(STAMP, stamp);
  await removeOldChunks(app.outputs);
  return stamp;
}

async function removeOldChunks(current: readonly string[]): Promise<void> {
  const folder = join(APP, 'chunks');
  for (const name of await readdir(join(ROOT, folder)).catch(() => [])) {
    const path = join(folder, name);
    if (current.includes(path)) continue;
    const { mtimeMs } = await stat(join(ROOT, path));
    if (Date.now() - mtimeMs > KEEP_OLD_CHUNKS_MS) await rm(join(ROOT, path));
  }
}

/** `npm run build`. */
export async function main(): Promise<void> {
  const { appFiles, built } = await ensureBuilt();
  process.stdout.write(built ? `Built ${appFiles.length} files of the app into ${APP}.\n` : 'Up to date.\n');
}
