import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

type PackageJson = { name: string; version: string; license?: string };
type Lock = { packages: Record<string, { integrity?: string }> };

/**
 * Software bill of materials in CycloneDX 1.6, JSON: the packages of which anything is in the bundle, not those that were merely
 * installed. Without time and serial number: the same content gives the same document.
 * https://cyclonedx.org/docs/1.6/json/
 */
export async function makeSbom(root: string, packageFolders: readonly string[]): Promise<string> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const { name, version, license } = await readPackage(root);
  const components = await Promise.all(
    packageFolders.map(async (folder) =>
      componentOf(await readPackage(join(root, folder)), lock.packages[folder]),
    ),
  );
  const app = { type: 'application', name, version, ...licenseOf(license) };
  const sbom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: app },
    components,
  };
  return `${JSON.stringify(sbom, null, 2)}\n`;
}

async function readPackage(folder: string): Promise<PackageJson> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as PackageJson;
}

function componentOf(
  { name, version, license }: PackageJson,
  locked: { integrity?: string } | undefined,
): object {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const sha512 = /^sha512-(.+)$/.exec(locked?.integrity ?? '')?.[1];
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...licenseOf(license),
    ...(sha512 === undefined
      ? {}
      : { hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512, 'base64').toString('hex') }] }),
  };
}

function licenseOf(license: string | undefined): object {
  return license === undefined ? {} : { licenses: [{ expression: license }] };
}
