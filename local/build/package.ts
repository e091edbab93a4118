import { createWriteStream } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { ensureBuilt, ROOT } from './build.ts';
import { makeSbom } from './sbom.ts';

/** What goes to Azure beside the built app and package.json. */
const ALSO = ['host.json', 'mappings'];
const FILE_MODE = 0o100644;

/**
 * Makes what is deployed, and nothing else: the folder `dist/package`, the same as `dist/<name>-<version>.zip`, and
 * `dist/sbom.cdx.json` that tells what is inside.
 * @returns the path of the zip
 */
export async function makePackage(root: string = ROOT): Promise<string> {
  const { appFiles, appPackages } = await ensureBuilt();
  const dist = join(root, 'dist');
  const folder = join(dist, 'package');
  await rm(folder, { recursive: true, force: true });
  for (const path of [...ALSO, ...appFiles]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(root, path), join(folder, path), { recursive: true });
  }
  const {
    name,
    version,
    type,
    main: entry,
  } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const slim = { name, version, private: true, type, main: entry };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(slim, null, 2)}\n`);
  await writeFile(join(dist, 'sbom.cdx.json'), await makeSbom(root, appPackages));

  const zip = join(dist, `${name}-${version}.zip`);
  await zipFolder(folder, zip);
  return zip;
}

/** Files in the order of their names, with one time and mode: the same content gives the same zip, byte for byte. */
export async function zipFolder(folder: string, zip: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .toSorted();
  // A zip holds local time without a zone: these are its fields, whatever the zone.
  const mtime = new Date(2000, 0, 1);
  const archive = new ZipFile();
  for (const file of files) {
    archive.addBuffer(await readFile(join(folder, file)), file, {
      mtime,
      mode: FILE_MODE,
      forceDosTimestamp: true,
    });
  }
  archive.end();
  await pipeline(archive.outputStream, createWriteStream(zip));
}

/** `npm run package`. */
export async function main(): Promise<void> {
  process.stdout.write(`${await makePackage()}\n`);
}
