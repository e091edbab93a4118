import { mkdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import type { BuildOptions, Metafile } from 'esbuild';

/** What was bundled; paths are relative to `root`. */
export type Bundle = {
  /** Sources of this project. */
  readonly inputs: readonly string[];
  /** Folders of the packages of which anything got into the bundle. */
  readonly packages: readonly string[];
  readonly outputs: readonly string[];
};

/**
 * CommonJS packages inside an ES module bundle call `require` for Node's own modules, and some look for files beside
 * themselves: both exist only if the bundle brings them.
 */
const BANNER = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);`;
const DEFINE = { __filename: 'import.meta.filename', __dirname: 'import.meta.dirname' };

function commonOptions(root: string): BuildOptions {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    outExtension: { '.js': '.mjs' },
    banner: { js: BANNER },
    define: DEFINE,
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    write: false,
    logLevel: 'silent',
  };
}

/**
 * Bundles a functions app to `outFolder/main.mjs`. What the code loads by `import()` lies in files of its own, so that a
 * cold start reads only what it needs.
 * @throws {Error} with the place of every error in the source
 */
export async function bundleApp(root: string, entry: string, outFolder: string): Promise<Bundle> {
  return bundle(root, {
    ...commonOptions(root),
    entryPoints: { main: entry },
    outdir: outFolder,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    // The worker provides it, and so does the local host.
    external: ['@azure/functions-core'],
    alias: { '@azure/functions-extensions-base': bindingBase() },
  });
}

/** Bundles a program to one file. */
export async function bundleProgram(root: string, entry: string, outFile: string): Promise<Bundle> {
  return bundle(root, { ...commonOptions(root), entryPoints: [entry], outfile: outFile });
}

/**
 * The package comes as CommonJS and as an ES module, each with a registry of its own: a factory registered in one is not
 * found by the other. All imports are led to the one that `@azure/functions` uses.
 */
function bindingBase(): string {
  const library = createRequire(import.meta.url).resolve('@azure/functions');
  return createRequire(library).resolve('@azure/functions-extensions-base');
}

async function bundle(root: string, options: BuildOptions): Promise<Bundle> {
  const { build, formatMessages } = await import('esbuild');
  const result = await build(options).catch(async (error: { errors?: [] }) => {
    const messages = await formatMessages(error.errors ?? [], { kind: 'error' });
    throw new Error(`The build failed.\n${messages.join('\n')}`, { cause: error });
  });
  const files = result.outputFiles ?? [];
  // Entry points last and in one step each: a process that starts meanwhile sees the old build or the new one.
  const entries = new Set(entryFiles(result.metafile));
  files.sort(
    (a, b) => Number(entries.has(relative(root, a.path))) - Number(entries.has(relative(root, b.path))),
  );
  for (const { path, contents } of files) {
    await mkdir(dirname(path), { recursive: true });
    const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
    await writeFile(draft, contents);
    await rename(draft, path);
  }
  const inputs = Object.keys(result.metafile?.inputs ?? {});
  return {
    inputs: inputs.filter((path) => !path.includes('node_modules/')),
    packages: bundledPackages(result.metafile),
    outputs: files.map(({ path }) => relative(root, path)).sort(),
  };
}

/** An input that tree shaking emptied is not in the bundle. */
function bundledPackages(metafile: Metafile | undefined): string[] {
  const folders = Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
      return folder === undefined || bytesInOutput === 0 ? [] : [folder];
    }),
  );
  return [...new Set(folders)].toSorted();
}

function entryFiles(metafile: Metafile | undefined): string[] {
  return Object.entries(metafile?.outputs ?? {}).flatMap(([path, { entryPoint }]) =>
    entryPoint ? [path] : [],
  );
}
